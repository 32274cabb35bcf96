/** What an attempt spent its time on, from the moments it came to. Pure. */
import type { Timings } from "../Timings.ts"
import type { Response } from "./logicalConnection.ts"

/** Of one attempt. */
export type Spent = Omit<Timings, "totalMillis">

/** Of an attempt that was answered, and of all of them together. */
export const timingsOf = (
  startedAtMillis: number,
  { answeredAtMillis, openedAtMillis, queuedAtMillis, readyAtMillis, writtenAtMillis }: Response
): Timings => {
  const totalMillis = answeredAtMillis - startedAtMillis
  const queueMillis = openedAtMillis - queuedAtMillis
  // The usual case first: one shape, and no copy.
  if (readyAtMillis !== undefined && writtenAtMillis !== undefined) {
    return {
      totalMillis,
      queueMillis,
      connectMillis: Math.max(0, readyAtMillis - queuedAtMillis),
      writeMillis: writtenAtMillis - openedAtMillis,
      answerMillis: answeredAtMillis - writtenAtMillis
    }
  }
  return {
    totalMillis,
    queueMillis,
    ...(readyAtMillis !== undefined && { connectMillis: Math.max(0, readyAtMillis - queuedAtMillis) }),
    ...(writtenAtMillis !== undefined && { writeMillis: writtenAtMillis - openedAtMillis }),
    answerMillis: answeredAtMillis - (writtenAtMillis ?? openedAtMillis)
  }
}

/** Of an attempt that ended in the queue; `readyAtMillis` is since when there has been a connection. */
export const spentInQueue = (
  queuedAtMillis: number,
  readyAtMillis: number | undefined,
  endedAtMillis: number
): Spent => {
  const queueMillis = endedAtMillis - queuedAtMillis
  return {
    queueMillis,
    connectMillis: Math.max(0, Math.min(queueMillis, (readyAtMillis ?? endedAtMillis) - queuedAtMillis))
  }
}

/** Of an attempt that ended on a stream, without an answer. */
export const spentOnStream = (
  {
    openedAtMillis,
    queuedAtMillis,
    readyAtMillis,
    writtenAtMillis
  }: Pick<Response, "openedAtMillis" | "queuedAtMillis" | "readyAtMillis" | "writtenAtMillis">,
  unwritten: boolean,
  endedAtMillis: number
): Spent => {
  const queueMillis = openedAtMillis - queuedAtMillis
  const connectMillis = readyAtMillis === undefined ? undefined : Math.max(0, readyAtMillis - queuedAtMillis)
  const waited = { queueMillis, ...(connectMillis !== undefined && { connectMillis }) }
  if (unwritten) return { ...waited, writeMillis: endedAtMillis - openedAtMillis }
  if (writtenAtMillis === undefined) return { ...waited, answerMillis: endedAtMillis - openedAtMillis }
  return {
    ...waited,
    writeMillis: writtenAtMillis - openedAtMillis,
    answerMillis: endedAtMillis - writtenAtMillis
  }
}
