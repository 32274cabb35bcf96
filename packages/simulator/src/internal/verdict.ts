/** What the rules of every API share: what they may ask, and what they say. */
import type { Environment } from "../Credentials.ts"
import type { Device } from "../Device.ts"
import type { Reason } from "../Reasons.ts"
import type { ChannelChange, Channels } from "./channels.ts"
import type { Outcome, TopicGrant } from "./credential.ts"
import type { RuleName } from "./explanations.ts"
import type { ReadRequest } from "./request.ts"

export interface RuleSettings {
  readonly unknownDevices: "accept" | "reject"
  readonly rejectBackgroundPriority10: boolean
  readonly checkTopicSuffix: boolean
  readonly environment: Environment
  readonly checkProductionOnlyTopics: boolean
  readonly credentialKinds: "documented" | "strict" | "any"
  readonly payloadMismatchReason: Reason | undefined
  readonly maxChannels: number
  readonly storagePolicyReason: "MissingChannelQueueSize" | "BadRequestPayload"
  readonly checkBroadcastPayload: boolean
}

export interface RuleContext extends RuleSettings {
  /** Epoch milliseconds now, by the simulator's clock. */
  readonly nowMillis: number
  /** Judges the credential; called only when the checks before it pass. */
  readonly credential: (authorization: string | undefined) => Outcome
  readonly device: (token: string) => Device | undefined
  /** Counts this request against the device's rate, or the app's; `false` when over it. Called last. */
  readonly withinRate: (token: string) => boolean
  readonly withinAppRate: (bundleId: string) => boolean
  readonly channels: Channels
}

/** A success. The exchange adds the ids. */
export interface Accepted {
  readonly _tag: "accepted"
  readonly status: 200 | 201 | 204
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** What becomes of the channels, unless a fault refuses the request. */
  readonly change: ChannelChange | undefined
}

export interface Rejected {
  readonly _tag: "rejected"
  readonly reason: Reason
  readonly rule: RuleName
  readonly timestamp: number | undefined
}

export type Verdict = Accepted | Rejected

/** A verdict, and the credential's outcome when the checks came as far as the credential. */
export interface Judgement {
  readonly verdict: Verdict
  readonly credential: Outcome | undefined
}

export const accepted = ({
  status = 200,
  headers = {},
  body = "",
  change = undefined
}: Partial<Accepted> = {}): Accepted => ({ _tag: "accepted", status, headers, body, change })

/** A reason, and the rule it is for where the two have different names. */
export type Fault = (Reason & RuleName) | Because

export interface Because {
  readonly reason: Reason
  readonly rule: RuleName
}

export const because = (reason: Reason, rule: RuleName): Because => ({ reason, rule })

export const rejected = (fault: Fault, timestamp?: number): Rejected =>
  typeof fault === "string"
    ? { _tag: "rejected", reason: fault, rule: fault, timestamp }
    : { _tag: "rejected", reason: fault.reason, rule: fault.rule, timestamp }

/** Judges the credential, then the rest; a refused credential ends the checks. */
export const withCredential = (
  context: RuleContext,
  request: ReadRequest,
  rest: (topics: TopicGrant) => Verdict
): Judgement => {
  const credential = context.credential(request.authorization)
  const verdict = credential._tag === "refused" ? rejected(credential.fault) : rest(credential.topics)
  return { verdict, credential }
}
