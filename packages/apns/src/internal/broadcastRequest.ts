/**
 * From a broadcast to the fields of its request: every rule that can be checked without asking APNs. Pure.
 */
import * as Result from "effect/Result"
import type { Broadcast } from "../Broadcast.ts"
import { InvalidNotification } from "../Reason.ts"
import { bundleIdProblem, channelProblem, type Problem } from "./channelRules.ts"
import { Fields, type RequestHead, uuid, writeExpiration } from "./request.ts"

const invalid = (field: string, { problem, cure }: Problem) =>
  Result.fail(new InvalidNotification({ field, problem, cure }))

/**
 * The request of a broadcast, or the first rule it breaks. `bundleId` is the layer's.
 *
 * Sources: Apple, "Sending broadcast push notification requests to APNs" for path and headers, of which it prints the
 * push type in two spellings; its samples and "Starting and updating Live Activities with ActivityKit push notifications"
 * agree on the one used here.
 */
export const broadcastHead = (
  broadcast: Broadcast,
  options: { readonly bundleId: string | undefined; readonly nowMillis: number }
): Result.Result<RequestHead, InvalidNotification> => {
  const { channel, id, priority, expiration } = broadcast
  const bundleId = broadcast.bundleId ?? options.bundleId

  const badChannel = channelProblem(channel)
  if (badChannel !== undefined) return invalid("channel", badChannel)

  if (!uuid.test(id)) {
    return invalid("id", { problem: "is not a UUID", cure: "Give a UUID in its 8-4-4-4-12 form, or none." })
  }

  const badBundleId = bundleIdProblem(bundleId)
  if (badBundleId !== undefined) return invalid("bundleId", badBundleId)

  if (priority !== 10 && priority !== 5 && priority !== 1) {
    return invalid("priority", { problem: `${String(priority)} does not exist`, cure: "Use 10, 5 or 1." })
  }

  const fields = new Fields()
  fields["apns-request-id"] = id.toLowerCase()
  fields["apns-channel-id"] = channel
  fields["apns-push-type"] = "liveactivity"
  fields["apns-priority"] = String(priority)
  const until = writeExpiration(fields, expiration, options.nowMillis)
  if (Result.isFailure(until)) return Result.fail(until.failure)
  return Result.succeed({ path: `/4/broadcasts/apps/${bundleId}`, fields, expiresAtMillis: until.success })
}
