/**
 * The service that turns a notification's content into the body of its request: encodes it by its Schema, checks it, and
 * measures it against the limit of its push type before anything is sent.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Broadcast } from "./Broadcast.ts"
import { tooLarge } from "./internal/payloadSize.ts"
import { shorten } from "./internal/shorten.ts"
import type { Content, Notification } from "./Notification.ts"
import { rulesOf } from "./PushType.ts"
import { InvalidNotification } from "./Reason.ts"

/**
 * The largest body APNs accepts for a push type, in bytes: 5,120 for VoIP, 4,096 for all others (Apple, "Sending
 * notification requests to APNs").
 *
 * @category rules
 * @since 0.1.0
 */
export const sizeLimit = (pushType: string | undefined): number => rulesOf(pushType)?.limit ?? 4096

/**
 * The largest body APNs accepts for a broadcast, in bytes (Apple, "Sending broadcast push notification requests to
 * APNs").
 *
 * @category rules
 * @since 0.1.0
 */
export const broadcastSizeLimit = 5120

/** `Buffer` takes small bodies from a pool; a `TextEncoder` allocates for each, which costs as much as `stringify`. */
const utf8 = (text: string): Uint8Array => Buffer.from(text, "utf8")

const invalid = (problem: string, cure: string) =>
  Result.fail(new InvalidNotification({ field: "payload", problem, cure }))

const oneLine = (message: string) => message.replaceAll(/\s*\n\s*/g, " ")

const json = (value: unknown): Result.Result<Uint8Array, InvalidNotification> => {
  try {
    // For `undefined`, which a caller in JavaScript may give, there is no text: the empty body is refused by its size.
    const text: string | undefined = JSON.stringify(value)
    return Result.succeed(utf8(text ?? ""))
  } catch {
    return invalid("cannot be written as JSON", "Give only JSON values: no BigInt, no value that contains itself.")
  }
}

/** Nothing where the Schema throws; what it threw may hold anything, so it is not told. */
const encodedBy = ({ schema, value }: Extract<Content, { readonly _tag: "Typed" }>) => {
  try {
    return Schema.encodeUnknownResult(schema)(value)
  } catch {
    return undefined
  }
}

const body = (content: Content): Result.Result<Uint8Array, InvalidNotification> => {
  if (content._tag === "Raw") {
    if (typeof content.body === "string") return Result.succeed(utf8(content.body))
    return content.body instanceof Uint8Array ? Result.succeed(content.body) : json(content.body)
  }
  const written = content.write?.(content.value)
  if (written !== undefined) return json(written)
  const encoded = encodedBy(content)
  if (encoded === undefined) {
    return invalid("cannot be encoded: its Schema threw, or waits for something", "Use a Schema that encodes at once.")
  }
  return Result.isSuccess(encoded)
    ? json(encoded.success)
    : invalid(`does not fit its Schema: ${oneLine(encoded.failure.message)}`, "Mend the value that the message names.")
}

const misfit = (
  content: Content,
  bytes: Uint8Array,
  limit: number,
  what: string | undefined
): Result.Result<Uint8Array, InvalidNotification> => {
  if (bytes.length === 0) return invalid("is empty", "Give a JSON object; an empty one is {}.")
  const { truncation } = content
  const asGiven = content._tag === "Raw" && (typeof content.body === "string" || content.body instanceof Uint8Array)
  if (truncation === undefined || asGiven) return Result.fail(tooLarge(bytes, limit, what, false))
  const shorter = shorten(bytes, limit, truncation)
  return shorter.length <= limit
    ? Result.succeed(shorter)
    : Result.fail(tooLarge(shorter, limit, what, shorter.length < bytes.length))
}

/**
 * Encodes a content and checks its size against `limit`, in bytes; `what` names in the error what the limit is for, if
 * anything.
 *
 * **When to use**
 *
 * Use for a body whose limit does not follow from a push type, as that of a broadcast. For notifications, see `encode`.
 *
 * @category encoding
 * @since 0.1.0
 */
export const encodeContent = (
  content: Content,
  limit: number,
  what: string | undefined
): Result.Result<Uint8Array, InvalidNotification> => {
  const { once } = content
  const encoded = once?.body ?? body(content)
  if (once !== undefined) once.body = encoded
  if (Result.isFailure(encoded)) return encoded
  const { length } = encoded.success
  return length > 0 && length <= limit ? encoded : misfit(content, encoded.success, limit, what)
}

/**
 * Encodes a notification's content and checks its size; cuts the texts that `Notification.truncate` chose, if it must.
 *
 * @category encoding
 * @since 0.1.0
 */
export const encode = (notification: Notification): Result.Result<Uint8Array, InvalidNotification> =>
  encodeContent(notification.content, sizeLimit(notification.pushType), notification.pushType)

/**
 * Encodes a broadcast's content and checks its size, as `encode` does for a notification's.
 *
 * @category encoding
 * @since 0.1.0
 */
export const encodeBroadcast = (broadcast: Broadcast): Result.Result<Uint8Array, InvalidNotification> =>
  encodeContent(broadcast.content, broadcastSizeLimit, "broadcast")

/**
 * Encodes, checks and measures payloads.
 *
 * **When to use**
 *
 * Use as a Layer of its own to replace the encoding: a cache of bodies, a compiled encoder, an extra check of your own.
 * `Apns.layer` provides the default.
 *
 * @category services
 * @since 0.1.0
 */
export class PayloadSchema extends Context.Service<
  PayloadSchema,
  {
    /** The body of the notification's request, or the rule that it breaks. */
    readonly encode: (notification: Notification) => Result.Result<Uint8Array, InvalidNotification>
    /** The body of the broadcast's request, or the rule that it breaks. */
    readonly encodeBroadcast: (broadcast: Broadcast) => Result.Result<Uint8Array, InvalidNotification>
  }
>()("effect-apns/PayloadSchema") {
  /** The default: every content by its Schema, limits by Apple's rules. */
  static readonly layer: Layer.Layer<PayloadSchema> = Layer.succeed(this, { encode, encodeBroadcast })
}
