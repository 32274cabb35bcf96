/**
 * What the types of errors promise. Compiled by `tsc -b`, never run: each `@ts-expect-error` stands next to the right
 * form, so that neither can rot unseen.
 */
import { type DateTime, type Duration, Effect, Match } from "effect"
import type { Apns } from "effect-apns"
import { type ApnsError, Notification, Reason, type ReasonTable, type Receipt, send } from "effect-apns"

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only where the two types are the same. */
const same = <A, B>(_: Equal<A, B>): void => {}

const sent = send(Notification.alert({ device: "7a1f", alert: "Hello" }))

same<typeof sent, Effect.Effect<Receipt, ApnsError, Apns>>(true)

// catchReason: the names of reasons are checked, and the handler knows the fields of the one it handles.

export const rightReason = sent.pipe(
  Effect.catchReason("ApnsError", "Unregistered", (reason, error) => {
    same<typeof reason, Reason.Unregistered>(true)
    same<typeof reason.timestamp, DateTime.Utc | undefined>(true)
    same<typeof reason.outcome, ReasonTable.Outcome>(true)
    same<typeof reason.action, ReasonTable.Action>(true)
    same<typeof error.attempts, number | undefined>(true)
    return Effect.succeed("gone" as const)
  })
)
same<Effect.Success<typeof rightReason>, Receipt | "gone">(true)

// @ts-expect-error a misspelt reason is not a reason of ApnsError
export const misspeltReason = sent.pipe(Effect.catchReason("ApnsError", "Unregisterd", () => Effect.succeed("gone")))

// @ts-expect-error a misspelt error is not an error of send
export const misspeltError = sent.pipe(Effect.catchReason("ApnError", "Unregistered", () => Effect.succeed("gone")))

export const rightField = sent.pipe(Effect.catchReason("ApnsError", "UnknownReason", (r) => Effect.succeed(r.raw)))

// @ts-expect-error only the two 410 reasons have a timestamp
export const foreignField = sent.pipe(Effect.catchReason("ApnsError", "BadTopic", (r) => Effect.succeed(r.timestamp)))

// catchReasons: as above, for several.

export const rightReasons = sent.pipe(
  Effect.catchReasons("ApnsError", {
    TooManyRequests: ({ retryAfter }) => {
      same<typeof retryAfter, Duration.Duration | undefined>(true)
      return Effect.succeed("later")
    },
    InvalidNotification: ({ size }) => {
      same<typeof size, Reason.PayloadSize | undefined>(true)
      return Effect.succeed("never")
    }
  })
)

export const misspeltReasons = sent.pipe(
  // @ts-expect-error the names of the cases are checked
  Effect.catchReasons("ApnsError", { TooManyRequest: () => Effect.succeed("later") })
)

// unwrapReason: every reason a plain tagged error; handling them all leaves no error.

const unwrapped = sent.pipe(Effect.unwrapReason("ApnsError"))
same<Effect.Error<typeof unwrapped>, Reason.Reason>(true)

export const someLeft = unwrapped.pipe(
  Effect.catchTags({ BadTopic: () => Effect.void, Unregistered: () => Effect.void })
)
same<Effect.Error<typeof someLeft>, Exclude<Reason.Reason, Reason.BadTopic | Reason.Unregistered>>(true)

export const misspeltTag = unwrapped.pipe(
  // @ts-expect-error the names of the tags are checked
  Effect.catchTags({ BadTopik: () => Effect.void })
)

type Handlers = { readonly [Name in Reason.Reason["_tag"]]: () => Effect.Effect<Name> }
declare const handlers: Handlers

export const noneLeft = unwrapped.pipe(Effect.catchTags(handlers))
same<Effect.Error<typeof noneLeft>, never>(true)

export const noneLeftInWrapper = sent.pipe(Effect.catchTag("ApnsError", () => Effect.void))
same<Effect.Error<typeof noneLeftInWrapper>, never>(true)

// The union is what the table says: exactly its names, so that a `switch` over them is exhaustive.

same<Reason.Rejection["_tag"], ReasonTable.RejectionName>(true)
same<Reason.Failure["_tag"], ReasonTable.FailureName>(true)
same<Reason.Reason["_tag"], ReasonTable.RejectionName | ReasonTable.FailureName>(true)
same<keyof typeof Reason.rejectionClasses, ReasonTable.RejectionName>(true)

export const byAction = Match.type<ReasonTable.Action>().pipe(
  Match.when("retry", () => 1),
  Match.when("retryLater", () => 2),
  Match.when("dropToken", () => 3),
  Match.when("fixConfig", () => 4),
  Match.when("renewToken", () => 5),
  Match.when("reconnect", () => 6),
  Match.exhaustive
)

export const notEveryAction = Match.type<ReasonTable.Action>().pipe(
  Match.when("retry", () => 1),
  // @ts-expect-error five actions are left
  Match.exhaustive
)

export const byFailure = Match.typeTags<Reason.Failure>()({
  InvalidNotification: ({ field }) => field,
  Suppressed: ({ since }) => since,
  InvalidRequest: ({ field }) => field,
  InvalidCredentials: ({ problem }) => problem,
  InvalidConfiguration: ({ setting }) => setting,
  ConnectionFailed: ({ step }) => step,
  DeadlinePassed: ({ stage }) => stage,
  OutcomeUnknown: ({ address }) => address,
  Halted: ({ by }) => by._tag,
  UnknownReason: ({ raw }) => raw,
  UnexpectedAnswer: ({ excerpt }) => excerpt
})

// @ts-expect-error nine failures are left
export const notEveryFailure = Match.typeTags<Reason.Failure>()({ InvalidNotification: ({ field }) => field })

export const byOutcome = (error: ApnsError): string => {
  switch (error.outcome) {
    case "refused":
    case "unsent":
    case "unknown":
      return error.reason._tag
  }
}

// Errors are read-only, and need what they cannot do without.

export const rightAnswer = new Reason.BadTopic({ status: 400, apnsId: undefined, retryAfter: undefined })

// @ts-expect-error a rejection has a status
export const noStatus = new Reason.BadTopic({ apnsId: "id" })

// @ts-expect-error a rejection is not changed after the fact
rightAnswer.status = 200

export const rightStep: Reason.ConnectionStep = "dns"

// @ts-expect-error the steps of a connection are a closed set
export const wrongStep: Reason.ConnectionStep = "handshake"
