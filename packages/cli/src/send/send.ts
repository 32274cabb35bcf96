/** `apns send`. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { SendResult } from "effect-apns"
import { Apns } from "effect-apns/Apns"
import { fanOut, type Notification } from "effect-apns/Notification"
import { sendAll } from "effect-apns/SendAll"
import type { SendInput } from "../commands/send.ts"
import { Ended, endWith } from "../Ending.ts"
import { ExitCode } from "../ExitCode.ts"
import { badInput, exitCodeOf, type Failure } from "../Failure.ts"
import { expiration } from "../instants.ts"
import { type PayloadFile, readPayload } from "../payload/file.ts"
import { findingLines } from "../payload/findingLines.ts"
import { type Finding, findings, sentence } from "../payload/findings.ts"
import { type Kind, kindOf, kindOfPayload } from "../payload/kinds.ts"
import { quiet } from "../quiet.ts"
import { resolved, settingsLayer, type Variables } from "../Settings.ts"
import { style } from "../Style.ts"
import { wrapped } from "../table.ts"
import { compose } from "./compose.ts"
import { showRequests } from "./dryRuns.ts"
import { type Envelope, notificationOf, uncheckedNotification } from "./notification.ts"
import { acceptedLine, acceptedText, asJson, failedText, summary } from "./report.ts"

const value = Option.getOrUndefined

/** The devices, and the file that stands among them or in the flag. */
const targetsOf = ({
  payload,
  targets
}: SendInput): Result.Result<[ReadonlyArray<string>, string | undefined], Failure> => {
  const devices = targets.filter((target) => !target.endsWith(".apns"))
  const files = [...targets.filter((target) => target.endsWith(".apns")), ...Option.toArray(payload)]
  if (files.length > 1) return Result.fail(badInput(`${files.join(" and ")} are both given`, "Give one payload."))
  if (devices.length > 0) return Result.succeed([devices, files[0]])
  return Result.fail(badInput("no device is given", "Write its token, in hexadecimal, after apns send."))
}

/** Errors end the command before anything is sent; warnings are told. */
const heed = (all: ReadonlyArray<Finding>) =>
  Effect.gen(function* () {
    const errors = all.filter(({ severity }) => severity === "error")
    const [first] = errors
    if (first !== undefined && errors.length === 1) return yield* badInput(sentence(first), first.cure)
    if (first !== undefined) {
      const look = yield* style("stderr")
      yield* Console.error(errors.flatMap((error) => findingLines(error, look)).join("\n"))
      return yield* new Ended({ exitCode: ExitCode.badInput })
    }
    return all.map((warning) => `${sentence(warning)}. ${warning.cure}`)
  })

const envelopeOf = (flags: SendInput, device: string, bundleId: string | undefined) =>
  Effect.gen(function* () {
    const until = value(flags.expiration)
    return {
      device,
      id: value(flags.id),
      // The flag is the layer's topic, as the variable is, which the file goes before.
      topic: Option.isSome(flags.topic) ? undefined : bundleId,
      priority: value(flags.priority),
      expiration: until === undefined ? undefined : yield* Effect.fromResult(expiration("expiration", until)),
      collapseId: value(flags.collapseId),
      replayUnknown: flags.replayUnknown ? true : undefined
    } satisfies Envelope
  })

const prefixes: Partial<Record<Kind, readonly [prefix: string, what: string]>> = {
  wallet: ["pass.", "the Pass Type ID"],
  safari: ["web.", "the Website Push ID"]
}

/** The library's cure would speak of layers. A certificate may name the topic. */
const requireTopic = (variables: Variables, bundleId: string | undefined): Effect.Effect<void, Failure> => {
  const names = [variables.APNS_TOPIC, variables.APNS_CERTIFICATE_FILE, bundleId]
  return names.some((name) => (name ?? "") !== "")
    ? Effect.void
    : Effect.fail(badInput("the topic is missing", "Give the app's bundle ID: --topic, APNS_TOPIC, or in a profile."))
}

/** Wallet passes and websites have a topic that is no app's bundle ID. */
const checkTopic = (kind: Kind, topic: string): Effect.Effect<void, Failure> => {
  const [prefix, what] = prefixes[kind] ?? [""]
  return topic.startsWith(prefix)
    ? Effect.void
    : Effect.fail(badInput(`the topic of a push of the type ${kind} begins with ${prefix}`, `Give ${what} as --topic.`))
}

const nothing = () =>
  badInput("there is nothing to send", "Give --body, --badge, --data or another part of it, or --payload with a file.")

interface Drafted {
  readonly template: Notification
  readonly warnings: ReadonlyArray<string>
}

const draft = (flags: SendInput, device: string, file: PayloadFile | undefined, variables: Variables) =>
  Effect.gen(function* () {
    const envelope = yield* envelopeOf(flags, device, file?.bundleId)
    const named = value(flags.pushType)
    const known = named === undefined || flags.unchecked ? undefined : yield* Effect.fromResult(kindOf(named))
    const payload: Schema.JsonObject = yield* Effect.fromResult(compose(flags, file?.payload, known))
    if (named === undefined && Object.keys(payload).length === 0) return yield* nothing()
    const kind = known ?? kindOfPayload(payload)
    if (flags.unchecked) {
      const pushType = named ?? kind
      if (pushType === undefined) return yield* badInput("the push type cannot be told", "Give --push-type.")
      const template = uncheckedNotification(pushType, payload, envelope)
      return { template, warnings: ["The rules of the push type were not looked at."] } satisfies Drafted
    }
    if (kind === undefined) {
      return yield* badInput(
        "the push type cannot be told from the payload",
        "Give --push-type, such as alert or voip."
      )
    }
    const topic = variables.APNS_TOPIC ?? ""
    yield* checkTopic(kind, topic)
    const warnings = yield* heed(findings(kind, payload))
    const made = notificationOf(kind, payload, envelope, topic)
    if (Result.isFailure(made)) return yield* badInput(`the payload is no ${kind}: ${made.failure.message}`)
    yield* checkTrust(made.success, variables)
    return { template: made.success, warnings } satisfies Drafted
  })

/** As `send` checks it; a dry run does not come so far. */
const checkTrust = ({ pushType, trust }: Notification, variables: Variables): Effect.Effect<void, Failure> => {
  const isSet = (name: string) => (variables[name] ?? "") !== ""
  const wrong = { token: ["APNS_CERTIFICATE_FILE"], certificate: ["APNS_KEY", "APNS_KEY_FILE"] }
  if (trust === undefined || !wrong[trust].some(isSet)) return Effect.void
  return Effect.fail(
    trust === "token"
      ? badInput(`a certificate cannot send a push of the type ${pushType}`, "Give a key: --key-file.")
      : badInput(`only a certificate can send a push of the type ${pushType}`, "Give it: --certificate-file.")
  )
}

/** Results in the order of the notifications, each as soon as those before it are known. */
const inOrder = (notifications: ReadonlyArray<Notification>, tell: (result: SendResult) => Effect.Effect<void>) =>
  Effect.gen(function* () {
    const waiting = new Map<string, SendResult>()
    const told: Array<SendResult> = []
    yield* sendAll(Stream.fromIterable(notifications)).pipe(
      Stream.runForEach((result) =>
        Effect.gen(function* () {
          waiting.set(result.notification.id, result)
          for (;;) {
            const next = waiting.get(notifications[told.length]?.id ?? "")
            if (next === undefined) return
            told.push(next)
            yield* tell(next)
          }
        })
      )
    )
    return told
  })

const telling =
  (json: boolean, isOnly: boolean) =>
  (result: SendResult): Effect.Effect<void> =>
    Effect.gen(function* () {
      if (json) yield* Console.log(JSON.stringify(asJson(result)))
      if (result.outcome !== "accepted") yield* Console.error(failedText(result, yield* style("stderr")))
      else if (!json) {
        const look = yield* style("stdout")
        yield* Console.log(isOnly ? acceptedText(result, look) : acceptedLine(result, look))
      }
    })

const codeOf = (result: SendResult): ExitCode =>
  result.outcome === "accepted" ? ExitCode.ok : exitCodeOf(result.error)

const highest = (codes: ReadonlyArray<ExitCode>): ExitCode => codes.toSorted((a, b) => b - a)[0] ?? ExitCode.ok

export const send = (flags: SendInput) =>
  Effect.gen(function* () {
    const [devices, path] = yield* Effect.fromResult(targetsOf(flags))
    const [first = "", ...others] = devices
    if (others.length > 0 && Option.isSome(flags.id)) {
      return yield* badInput("one id is given for several devices", "Leave --id out: each gets its own.")
    }
    const variables = yield* resolved(flags)
    const file = path === undefined ? undefined : yield* readPayload(path)
    yield* requireTopic(variables, file?.bundleId)
    const { template, warnings } = yield* draft(flags, first, file, variables)
    const notifications = others.length === 0 ? [template] : [...fanOut(template, devices)]
    if (flags.dryRun) return yield* showRequests(notifications, { variables, json: flags.json, warnings })

    const { warn } = yield* style("stderr")
    for (const warning of warnings) yield* Console.error(`${warn("!")} ${wrapped(warning, 2)}`)
    const results = yield* inOrder(notifications, telling(flags.json, others.length === 0)).pipe(
      Effect.provide(Apns.layerConfig().pipe(Layer.provide(settingsLayer(flags)))),
      quiet
    )
    if (others.length > 0 && !flags.json) yield* Console.log(summary(results))
    return yield* endWith(highest(results.map(codeOf)))
  })
