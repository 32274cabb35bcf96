/**
 * The requests that manage channels and what their answers say (Apple, "Sending channel management requests to APNs").
 */
import * as Result from "effect/Result"
import type { ApnsRequest } from "../ApnsConnection.ts"
import { ApnsError } from "../ApnsError.ts"
import type { ChannelCreated, ChannelDeleted, ChannelList, ChannelRead, ChannelStorage } from "../Channels.ts"
import { InvalidRequest, type Reason, UnexpectedAnswer } from "../Reason.ts"
import type { Timings } from "../Timings.ts"
import { channelProblem, type Problem } from "./channelRules.ts"
import type { Response } from "./logicalConnection.ts"
import { Prepared } from "./prepared.ts"
import { excerpt, type Refusal, refusalOf } from "./reply.ts"
import { Fields, uuid } from "./request.ts"

/** What an accepting answer says. */
interface Said {
  readonly requestId: string
  readonly channel: string | undefined
  /** The body; `undefined` when it is not JSON. */
  readonly json: unknown
}

/** A kind of request, and how its answer is read. */
export interface Operation<A> {
  readonly method: ApnsRequest["method"]
  /** The last part of the path. */
  readonly resource: "channels" | "all-channels"
  readonly accepting: number
  readonly decode: (said: Said) => A | undefined
  /** What is wrong with an answer that `decode` makes nothing of. */
  readonly lacking: string
}

const policies = { none: 0, mostRecent: 1 } as const

const storageOf = (policy: unknown): ChannelStorage | undefined =>
  policy === 0 ? "none" : policy === 1 ? "mostRecent" : undefined

const property = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined

export const creating: Operation<ChannelCreated> = {
  method: "POST",
  resource: "channels",
  accepting: 201,
  decode: ({ channel, requestId }) => (channel === undefined || channel === "" ? undefined : { channel, requestId }),
  lacking: "has no apns-channel-id"
}

export const reading: Operation<ChannelRead> = {
  method: "GET",
  resource: "channels",
  accepting: 200,
  decode: ({ json, requestId }) => {
    const storage = storageOf(property(json, "message-storage-policy"))
    return storage === undefined ? undefined : { storage, requestId }
  },
  lacking: "does not tell a message storage policy"
}

export const deleting: Operation<ChannelDeleted> = {
  method: "DELETE",
  resource: "channels",
  accepting: 204,
  decode: ({ requestId }) => ({ requestId }),
  lacking: "is not one of APNs"
}

export const listing: Operation<ChannelList> = {
  method: "GET",
  resource: "all-channels",
  accepting: 200,
  decode: ({ json, requestId }) => {
    const channels = property(json, "channels")
    return isTexts(channels) ? { channels, requestId } : undefined
  },
  lacking: "does not list channels"
}

const isTexts = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((item) => typeof item === "string")

/** What a request says beside its operation. */
export interface ChannelRequest {
  readonly requestId: string
  readonly channel?: string | undefined
  readonly storage?: ChannelStorage | undefined
}

const noBody = new Uint8Array(0)

const bodyOf = (storage: ChannelStorage) =>
  Buffer.from(JSON.stringify({ "message-storage-policy": policies[storage], "push-type": "LiveActivity" }))

const problemOf = ({ method, resource }: Operation<unknown>, request: ChannelRequest): InvalidRequest | undefined => {
  const invalid = (field: string, { problem, cure }: Problem) => new InvalidRequest({ field, problem, cure })
  if (method === "POST") {
    if (!Object.hasOwn(policies, String(request.storage))) {
      return invalid("storage", { problem: "is not known", cure: 'Use "none" or "mostRecent".' })
    }
  } else if (resource === "channels") {
    const problem = channelProblem(request.channel)
    if (problem !== undefined) return invalid("channel", problem)
  }
  if (uuid.test(request.requestId)) return undefined
  return invalid("requestId", { problem: "is not a UUID", cure: "Give a UUID in its 8-4-4-4-12 form, or none." })
}

const errorOf = (
  { channel, requestId }: ChannelRequest,
  reason: Reason,
  attempts: number,
  timings?: Timings,
  doubt?: Reason
) => new ApnsError({ reason, attempts, requestId, channel, timings, doubt })

/** A request that has passed every check. */
class PreparedChannelRequest<A> extends Prepared<A> {
  readonly method: ApnsRequest["method"]
  private readonly operation: Operation<A>
  private readonly request: ChannelRequest

  constructor(
    operation: Operation<A>,
    request: ChannelRequest,
    bundleId: string,
    startedAtMillis: number,
    timeoutMillis: number
  ) {
    const { channel, requestId, storage } = request
    const fields = new Fields()
    fields["apns-request-id"] = requestId.toLowerCase()
    if (channel !== undefined) fields["apns-channel-id"] = channel
    const path = `/1/apps/${bundleId}/${operation.resource}`
    const head = { path, fields, expiresAtMillis: Number.POSITIVE_INFINITY }
    super(head, storage === undefined ? noBody : bodyOf(storage), 0, startedAtMillis, timeoutMillis)
    this.method = operation.method
    this.operation = operation
    this.request = request
  }

  override read(response: Response, _attempts: number, nowMillis: number): Result.Result<A, Refusal> {
    const { accepting, decode, lacking } = this.operation
    const { body, fields, status } = response
    const refusal = refusalOf(response, accepting, nowMillis)
    if (refusal !== undefined) return Result.fail(refusal)
    const said: Said = {
      requestId: fields["apns-request-id"] ?? this.request.requestId,
      channel: fields["apns-channel-id"],
      json: parse(body)
    }
    const value = decode(said)
    if (value !== undefined) return Result.succeed(value)
    return Result.fail(
      new UnexpectedAnswer({
        status,
        requestId: fields["apns-request-id"],
        contentType: fields["content-type"],
        excerpt: excerpt(body),
        problem: lacking
      })
    )
  }

  override errorOf(reason: Reason, attempts: number, timings?: Timings, doubt?: Reason): ApnsError {
    return errorOf(this.request, reason, attempts, timings, doubt)
  }
}

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** The request of an operation, or the rule it breaks. */
export const prepare = <A>(
  operation: Operation<A>,
  request: ChannelRequest,
  bundleId: string,
  startedAtMillis: number,
  timeoutMillis: number
): Result.Result<Prepared<A>, ApnsError> => {
  const problem = problemOf(operation, request)
  return problem === undefined
    ? Result.succeed(new PreparedChannelRequest(operation, request, bundleId, startedAtMillis, timeoutMillis))
    : Result.fail(errorOf(request, problem, 0))
}
