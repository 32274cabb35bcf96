/** Which fault, if any, applies to a request. */
import type { Fault } from "../Fault.ts"
import type { ReadRequest } from "./request.ts"

/** A fault and how many requests it still skips and applies to. */
export interface PendingFault {
  readonly fault: Fault
  readonly skip: number
  readonly times: number
}

export const pendingFault = (fault: Fault): PendingFault => ({
  fault,
  skip: fault.skip ?? 0,
  times: fault.times ?? 1
})

const matches = ({ match }: Fault, request: ReadRequest): boolean =>
  match === undefined ||
  ((match.device === undefined || match.device.toLowerCase() === request.device?.toLowerCase()) &&
    (match.topic === undefined || match.topic === request.topic) &&
    (match.pushType === undefined || match.pushType === request.pushType) &&
    (match.method === undefined || match.method === request.method) &&
    (match.bundleId === undefined || match.bundleId === request.bundleId) &&
    (match.channel === undefined || match.channel === request.channel) &&
    (match.path === undefined || match.path === request.path))

/** The fault that applies to `request`, and the faults that remain. */
export const takeFault = (
  pending: ReadonlyArray<PendingFault>,
  request: ReadRequest
): readonly [Fault | undefined, ReadonlyArray<PendingFault>] => {
  if (pending.length === 0) return [undefined, pending]
  const remaining: Array<PendingFault> = []
  let taken: Fault | undefined
  for (const entry of pending) {
    if (entry.times <= 0) continue
    if (taken !== undefined || !matches(entry.fault, request)) remaining.push(entry)
    else if (entry.skip > 0) remaining.push({ ...entry, skip: entry.skip - 1 })
    else {
      taken = entry.fault
      if (entry.times > 1) remaining.push({ ...entry, times: entry.times - 1 })
    }
  }
  return [taken, remaining]
}
