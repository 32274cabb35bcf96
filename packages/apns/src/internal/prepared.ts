/**
 * What attempts, retries and the deadline need to know of a request, whether it carries a notification, a broadcast or
 * the management of a channel.
 */
import type * as Result from "effect/Result"
import type { ApnsRequest } from "../ApnsConnection.ts"
import type { ApnsError } from "../ApnsError.ts"
import type { ProviderToken } from "../JwtCache.ts"
import type { Reason } from "../Reason.ts"
import type { Timings } from "../Timings.ts"
import type { Response } from "./logicalConnection.ts"
import type { Refusal } from "./reply.ts"
import type { RequestHead } from "./request.ts"
import type { SteadyRequest } from "./submit.ts"

/**
 * What has passed every check, and the request of its attempts; `A` is what it gives once accepted. (A class and no
 * literal: see `Pending`.)
 */
export abstract class Prepared<A> implements SteadyRequest {
  abstract readonly method: ApnsRequest["method"]
  readonly path: string
  readonly fields: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly deadlineMillis: number
  /** By the steady clock. */
  readonly startedAtMillis: number
  /** Whether it is its expiration that bounds the deadline. */
  readonly expires: boolean
  /** That of the attempt under way. */
  token: ProviderToken | undefined = undefined

  /** It began at a time of the day, by which it expires, and at one of the steady clock. */
  constructor(head: RequestHead, body: Uint8Array, nowMillis: number, startedAtMillis: number, timeoutMillis: number) {
    this.path = head.path
    this.fields = head.fields
    this.body = body
    this.deadlineMillis = startedAtMillis + Math.min(timeoutMillis, head.expiresAtMillis - nowMillis)
    this.startedAtMillis = startedAtMillis
    this.expires = head.expiresAtMillis - nowMillis <= timeoutMillis
  }

  get authorization(): ApnsRequest["authorization"] {
    return this.token?.authorization
  }

  /** Whether to try it again when its outcome is unknown; absent, what the layer says. */
  get replayUnknown(): boolean | undefined {
    return undefined
  }

  /** What an answer means that came at a time of the day. */
  abstract read(response: Response, attempts: number, nowMillis: number): Result.Result<A, Refusal>

  /** The error that names what was to be sent; `doubt` is what an earlier attempt left of it. */
  abstract errorOf(reason: Reason, attempts: number, timings?: Timings, doubt?: Reason): ApnsError
}
