/**
 * `@effect-apns/http2` with nothing around it: a constant body, headers built by hand; one session for each 2000 of the
 * window, begun ones counted. Next to `nodeHttp2.ts`.
 */
import { readFile } from "node:fs/promises"
import { connect, type EncodeField, type Session } from "@effect-apns/http2"
import { main } from "./harness.ts"
import { body, fields, id, path } from "./workload.ts"

await main(async (job) => {
  const { host, port } = job
  const ca = await readFile(job.ca, "utf8")
  // The engine keeps no queue: what exceeds its streams waits here.
  let waiting: Array<(session: Session) => void> = []
  const opened = () =>
    new Promise<Session>((resolve, reject) => {
      const session = connect(
        { host, port, ca },
        {
          onReady: () => resolve(session),
          onCapacity: () => {
            const now = waiting.splice(0, session.openable)
            for (const open of now) open(session)
          },
          onGoAway: () => {},
          onEnd: (failure) => {
            reject(failure?.error ?? new Error("the session ended"))
            const rest = waiting
            waiting = []
            for (const open of rest) open(session)
          }
        }
      )
    })
  const sessions = await Promise.all(Array.from({ length: Math.ceil(job.concurrency / 2000) }, opened))
  const stableFields: ReadonlyArray<EncodeField> = Object.entries({
    ...fields(job),
    "content-length": String(body.length)
  })
  const open = (session: Session, index: number, done: (problem?: unknown) => void): void => {
    session.open(
      { method: "POST", path: path(index), stableFields, fields: [["apns-id", id(), "literal"]], body },
      (ending) =>
        done(ending._tag !== "Answered" ? ending._tag : ending.status === 200 ? undefined : `status ${ending.status}`)
    )
  }
  return {
    send: (index, done) => {
      const free = sessions.find(({ openable }) => openable > 0)
      if (free !== undefined) open(free, index, done)
      else waiting.push((session) => open(session, index, done))
    },
    close: () => {
      for (const session of sessions) session.close()
    }
  }
})
