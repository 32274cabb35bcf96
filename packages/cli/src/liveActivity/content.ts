/** From the flags of a Live Activity's content to the options of the library. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type { Alert } from "effect-apns/LiveActivity"
import { badInput, type Failure } from "../Failure.ts"
import { instant } from "../instants.ts"
import { jsonObject } from "../jsonInput.ts"

/** What the flags of every event were given. */
export interface ContentFlags {
  readonly alertTitle: Option.Option<string>
  readonly alertBody: Option.Option<string>
  readonly alertSound: Option.Option<string>
  readonly staleDate: Option.Option<string>
  readonly timestamp: Option.Option<string>
  readonly data: Option.Option<string>
}

/** What the flags of an update were given. */
export interface UpdateFlags extends ContentFlags {
  readonly contentState: string
  readonly relevanceScore: Option.Option<number>
}

/** What the flags of a start were given. */
export interface StartFlags extends UpdateFlags {
  readonly attributesType: string
  readonly attributes: string
  readonly inputPushToken: boolean
  readonly inputPushChannel: Option.Option<string>
}

/** What the flags of an end were given. */
export interface EndFlags extends ContentFlags {
  readonly contentState: Option.Option<string>
  readonly dismissalDate: Option.Option<string>
}

/** A flag that may be left out. */
const given = <A, B>(
  flag: Option.Option<A>,
  read: (value: A) => Effect.Effect<B, Failure>
): Effect.Effect<B | undefined, Failure> => (Option.isSome(flag) ? read(flag.value) : Effect.succeed(undefined))

const at = (name: string, nowMillis: number) => (text: string) => Effect.fromResult(instant(name, text, nowMillis))

const objectOf = (name: string) => (text: string) => jsonObject(name, text)

/** There is one standard input, and it is read once. */
const checkInputs = (...flags: ReadonlyArray<string | Option.Option<string>>): Effect.Effect<void, Failure> => {
  const values = flags.map((flag) => (typeof flag === "string" ? flag : Option.getOrUndefined(flag)))
  return values.filter((value) => value === "-").length < 2
    ? Effect.void
    : Effect.fail(badInput("standard input is asked for twice", "Give - for one flag only."))
}

const alertOf = ({ alertBody, alertSound, alertTitle }: ContentFlags): Alert | undefined => {
  const alert: Alert = {
    ...(Option.isSome(alertTitle) && { title: alertTitle.value }),
    ...(Option.isSome(alertBody) && { body: alertBody.value }),
    ...(Option.isSome(alertSound) && { sound: alertSound.value })
  }
  return Object.keys(alert).length === 0 ? undefined : alert
}

const common = (flags: ContentFlags, nowMillis: number) =>
  Effect.gen(function* () {
    return {
      alert: alertOf(flags),
      staleDate: yield* given(flags.staleDate, at("stale-date", nowMillis)),
      timestamp: (yield* given(flags.timestamp, at("timestamp", nowMillis))) ?? new Date(nowMillis),
      data: yield* given(flags.data, objectOf("data"))
    }
  })

/** The options of an update. */
export const updateOf = (flags: UpdateFlags, nowMillis: number) =>
  Effect.gen(function* () {
    yield* checkInputs(flags.contentState, flags.data)
    return {
      ...(yield* common(flags, nowMillis)),
      contentState: yield* jsonObject("content-state", flags.contentState),
      relevanceScore: Option.getOrUndefined(flags.relevanceScore)
    }
  })

/** The options of an end. */
export const endOf = (flags: EndFlags, nowMillis: number) =>
  Effect.gen(function* () {
    yield* checkInputs(flags.contentState, flags.data)
    const { dismissalDate } = flags
    const now = Option.isSome(dismissalDate) && dismissalDate.value.trim() === "now"
    return {
      ...(yield* common(flags, nowMillis)),
      contentState: yield* given(flags.contentState, objectOf("content-state")),
      dismissalDate: now ? ("now" as const) : yield* given(dismissalDate, at("dismissal-date", nowMillis))
    }
  })

const inputOf = ({ inputPushChannel, inputPushToken }: StartFlags) =>
  Effect.gen(function* () {
    if (Option.isNone(inputPushChannel)) return inputPushToken ? { inputPushToken: true as const } : {}
    if (!inputPushToken) return { inputPushChannel: inputPushChannel.value }
    return yield* badInput(
      "--input-push-token and --input-push-channel exclude each other",
      "Give one: an activity has updates of its own, or those of a channel."
    )
  })

/** The options of a start. */
export const startOf = (flags: StartFlags, nowMillis: number) =>
  Effect.gen(function* () {
    yield* checkInputs(flags.attributes, flags.contentState, flags.data)
    const { alert, ...rest } = yield* common(flags, nowMillis)
    if (alert === undefined) {
      return yield* badInput("a start needs an alert", "Give --alert-title and --alert-body: Apple requires one.")
    }
    return {
      ...rest,
      alert,
      attributesType: flags.attributesType,
      attributes: yield* jsonObject("attributes", flags.attributes),
      contentState: yield* jsonObject("content-state", flags.contentState),
      relevanceScore: Option.getOrUndefined(flags.relevanceScore),
      ...(yield* inputOf(flags))
    }
  })

/** Apple, "Starting and updating Live Activities with ActivityKit push notifications". */
const longestDismissalMillis = 4 * 60 * 60 * 1000

/** What is allowed and probably not meant. */
export const warningsOf = (
  content: {
    readonly staleDate: Date | undefined
    readonly dismissalDate?: Date | "now" | undefined
    readonly attributes?: Schema.JsonObject
    readonly inputPushToken?: true
    readonly inputPushChannel?: string
  },
  nowMillis: number
): ReadonlyArray<string> => {
  const { attributes, dismissalDate, inputPushChannel, inputPushToken, staleDate } = content
  const warnings: Array<string> = []
  if (staleDate !== undefined && staleDate.getTime() <= nowMillis) {
    warnings.push("The stale date is past: the content counts as outdated at once.")
  }
  if (dismissalDate instanceof Date && dismissalDate.getTime() > nowMillis + longestDismissalMillis) {
    warnings.push("The dismissal date is more than four hours away: the system removes the activity by then.")
  }
  if (attributes !== undefined && inputPushToken === undefined && inputPushChannel === undefined) {
    warnings.push("It asks for no token and names no channel: push cannot update the activity.")
  }
  return warnings
}
