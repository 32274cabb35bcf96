/**
 * From a notification to the fields of its request: every rule that can be checked without asking APNs. Pure.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import type { Expiration, Notification } from "../Notification.ts"
import { rulesOf } from "../PushType.ts"
import { InvalidNotification } from "../Reason.ts"
import { readDevice } from "./deviceToken.ts"

/** Header fields by name. A class and no literal, as whatever lives as long as a request (see `Pending`). */
export class Fields {
  [name: string]: string
}

/** What a request says beside its body and its authorization. */
export interface RequestHead {
  readonly path: string
  readonly fields: Readonly<Record<string, string>>
  /** Until when it makes sense to send it at all; `Infinity` when the notification does not expire. */
  readonly expiresAtMillis: number
}

/** The form of a UUID (RFC 9562, 4). */
export const uuid = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/
const visible = /^[!-~]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const control = /[\u0000-\u001f\u007f]/
/** A field value neither begins nor ends with white space (RFC 9113, 8.2.1). */
const outerSpace = /^ | $/
const maximumMillis = 8_640_000_000_000_000

/** Topics and push types found good, so that those of every notification are looked up rather than matched. Bounded. */
const goodValues = new Set<unknown>()

const isVisible = (value: unknown) => {
  if (goodValues.has(value)) return true
  if (typeof value !== "string" || !visible.test(value)) return false
  if (goodValues.size < 256 && value.length <= 256) goodValues.add(value)
  return true
}

const invalid = (field: string, problem: string, cure: string) => new InvalidNotification({ field, problem, cure })

/** HTTP/2 field values are octets; Node writes a string's code units as octets, so UTF-8 goes in as such. */
const octets = (value: string) => Buffer.from(value, "utf8").toString("latin1")

const expirationMillis = (
  expiration: Exclude<Expiration, "once">,
  now: number
): Result.Result<number, InvalidNotification> => {
  const cure = 'Use "once", a duration such as "1 hour", a Date or a DateTime.'
  const millis =
    expiration instanceof Date
      ? expiration.getTime()
      : DateTime.isDateTime(expiration)
        ? expiration.epochMilliseconds
        : typeof expiration === "string" || Duration.isDuration(expiration)
          ? now +
            Duration.fromInput(expiration).pipe((d) => (d._tag === "Some" ? Duration.toMillis(d.value) : Number.NaN))
          : Number.NaN
  // Beyond what a Date can hold, JavaScript would write the seconds with an exponent.
  if (!(Math.abs(millis) <= maximumMillis)) return Result.fail(invalid("expiration", "is not a time", cure))
  return Result.succeed(millis)
}

/** What all the notifications of a layer have in common, and the time. */
export interface HeadOptions {
  /** The layer's. */
  readonly topic: string | undefined
  /** False where the certificate names the only topic. */
  readonly topicRequired: boolean
  /** The kind of the credentials; `undefined` where the layer cannot know it. */
  readonly trust: "token" | "certificate" | undefined
  readonly nowMillis: number
}

const credentialsFor = {
  token: "Use `Credentials.token`: no certificate can send it.",
  certificate: "Use `Credentials.certificate`: no token key can send it."
}

/** What Apple says of a push type's priorities. Raw content is not judged: it is the way out when a rule is too strict. */
const priorityProblem = ({ content, priority, pushType }: Notification): InvalidNotification | undefined => {
  if (priority !== 10 && priority !== 5 && priority !== 1) {
    return invalid("priority", `${String(priority)} does not exist`, "Use 10, 5 or 1.")
  }
  const rules = content._tag === "Raw" ? undefined : rulesOf(pushType)
  if (rules === undefined || rules.priorities.includes(priority)) return undefined
  return invalid(
    "priority",
    `${priority} is not for the push type "${pushType}"`,
    `Use ${rules.priorities.join(" or ")} (Apple, "${rules.source}").`
  )
}

const forever = Result.succeed(Number.POSITIVE_INFINITY)

/** Writes the header `apns-expiration`; gives the instant after which there is no point in sending. */
export const writeExpiration = (
  fields: Fields,
  expiration: Expiration,
  nowMillis: number
): Result.Result<number, InvalidNotification> => {
  if (expiration === "once") {
    fields["apns-expiration"] = "0"
    return forever
  }
  const until = expirationMillis(expiration, nowMillis)
  if (Result.isSuccess(until)) fields["apns-expiration"] = String(Math.max(1, Math.ceil(until.success / 1000)))
  return until
}

/** What a notification's request says beside its body and its authorization. */
export interface NotificationHead extends RequestHead {
  /** The device token's digits. */
  readonly device: string
}

/**
 * The request of a notification, or the first rule it breaks.
 *
 * Sources: Apple, "Sending notification requests to APNs" for all headers, RFC 9562 for the form of a UUID, the table of
 * push types for the rules of each.
 */
export const head = (
  notification: Notification,
  options: HeadOptions
): Result.Result<NotificationHead, InvalidNotification> => {
  const { device, id, pushType, trust, priority, expiration, collapseId, topicSuffix } = notification
  let topic = notification.topic ?? options.topic
  const fields = new Fields()

  const token = readDevice(device)
  if (Result.isFailure(token)) return Result.fail(token.failure)

  if (!uuid.test(id)) return Result.fail(invalid("id", "is not a UUID", "Give a UUID in its 8-4-4-4-12 form, or none."))
  fields["apns-id"] = id.toLowerCase()

  if (pushType !== undefined) {
    if (!isVisible(pushType)) {
      return Result.fail(invalid("pushType", "is empty or not a header value", 'Use a push type such as "alert".'))
    }
    fields["apns-push-type"] = pushType
  }
  if (trust !== undefined && options.trust !== undefined && trust !== options.trust) {
    return Result.fail(
      invalid("pushType", `"${pushType}" needs ${trust} credentials, and the layer's are not`, credentialsFor[trust])
    )
  }

  if (topic !== undefined) {
    if (!isVisible(topic)) return Result.fail(invalid("topic", "is not a header value", "Use the app's bundle ID."))
    if (topicSuffix !== undefined && topicSuffix !== "") {
      if (!isVisible(topicSuffix)) {
        return Result.fail(invalid("topicSuffix", "is not part of a header value", 'Use a suffix such as ".voip".'))
      }
      if (!topic.endsWith(topicSuffix)) topic += topicSuffix
    }
    fields["apns-topic"] = topic
  } else if (options.topicRequired) {
    return Result.fail(
      invalid("topic", "is missing", "Set the layer's `topic` to the app's bundle ID, or the notification's.")
    )
  }

  if (priority !== undefined) {
    const badPriority = priorityProblem(notification)
    if (badPriority !== undefined) return Result.fail(badPriority)
    fields["apns-priority"] = String(priority)
  }

  if (collapseId !== undefined) {
    if (typeof collapseId !== "string" || outerSpace.test(collapseId)) {
      return Result.fail(invalid("collapseId", "is not text without outer spaces", "Use 1 to 64 bytes of UTF-8."))
    }
    const bytes = Buffer.byteLength(collapseId)
    if (bytes === 0 || bytes > 64) {
      return Result.fail(invalid("collapseId", `is ${bytes} bytes of UTF-8`, "Use 1 to 64 bytes."))
    }
    if (control.test(collapseId)) {
      return Result.fail(invalid("collapseId", "has control characters", "Leave out line breaks and other controls."))
    }
    fields["apns-collapse-id"] = octets(collapseId)
  }

  let expiresAtMillis = Number.POSITIVE_INFINITY
  if (expiration !== undefined) {
    const until = writeExpiration(fields, expiration, options.nowMillis)
    if (Result.isFailure(until)) return Result.fail(until.failure)
    expiresAtMillis = until.success
  }

  return Result.succeed({ device: token.success, path: `/3/device/${token.success}`, fields, expiresAtMillis })
}

/** Of the year 1973: a Date before it was made of seconds, likelier than not. */
const earliestMillis = 1e11

/** Why not to begin with what has expired before it is sent, if it has. */
export const pastProblem = (
  { expiresAtMillis }: Pick<RequestHead, "expiresAtMillis">,
  nowMillis: number
): InvalidNotification | undefined =>
  expiresAtMillis > nowMillis
    ? undefined
    : invalid(
        "expiration",
        expiresAtMillis < earliestMillis ? "is past; seconds in place of milliseconds?" : "is past",
        'Use a time to come, or "once". A Date counts milliseconds.'
      )
