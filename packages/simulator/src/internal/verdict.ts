/** What the rules of every API share: what they may ask, and what they say. */
import type { Environment } from "../Credentials.ts"
import type { Device } from "../Device.ts"
import type { Reason } from "../Reasons.ts"
import type { ChannelChange, Channels } from "./channels.ts"
import type { Outcome, TopicGrant } from "./credential.ts"

export interface RuleSettings {
  readonly unknownDevices: "accept" | "reject"
  readonly rejectBackgroundPriority10: boolean
  readonly checkTopicSuffix: boolean
  readonly environment: Environment
  readonly checkProductionOnlyTopics: boolean
  readonly credentialKinds: "documented" | "strict" | "any"
  readonly payloadMismatchReason: Reason | undefined
  readonly maxChannels: number
  readonly storagePolicyReason: Reason
  readonly checkBroadcastPayload: boolean
}

export interface RuleContext extends RuleSettings {
  readonly nowMillis: number
  /** Judges the credential; called only when the checks before it pass. */
  readonly credential: () => Outcome
  readonly device: (token: string) => Device | undefined
  /** Counts this request against the device's rate; `false` when over it. Called last. */
  readonly withinRate: (token: string) => boolean
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
  readonly timestamp?: number | undefined
}

export type Verdict = Accepted | Rejected

/** A verdict, and the credential's outcome when the checks came as far as the credential. */
export interface Judgement {
  readonly verdict: Verdict
  readonly credential: Outcome | undefined
}

export const accepted = (parts: Partial<Accepted> = {}): Verdict => ({
  _tag: "accepted",
  status: 200,
  headers: {},
  body: "",
  change: undefined,
  ...parts
})

export const rejected = (reason: Reason, timestamp?: number): Verdict => ({ _tag: "rejected", reason, timestamp })

/** Judges the credential, then the rest; a refused credential ends the checks. */
export const withCredential = (context: RuleContext, rest: (topics: TopicGrant) => Verdict): Judgement => {
  const credential = context.credential()
  const verdict = credential._tag === "refused" ? rejected(credential.reason) : rest(credential.topics)
  return { verdict, credential }
}
