/** `@effect-apns/http2` with nothing around it: a constant body, headers built by hand. Next to `nodeHttp2.ts`. */
import { readFile } from "node:fs/promises"
import { main, NotAvailable } from "./harness.ts"
import { body, fields, id, path } from "./workload.ts"

/** What this client needs of the engine. */
interface Session {
  readonly openable: number
  open(
    request: {
      readonly method: string
      readonly path: string
      readonly fields: Readonly<Record<string, string>>
      readonly body: Uint8Array
    },
    onEnding: (ending: { readonly _tag: string; readonly status?: number }) => void
  ): unknown
  close(): void
}

type Connect = (
  endpoint: {
    readonly host: string
    readonly port: number
    readonly ca: string
    readonly connectTimeoutMillis: number
  },
  listener: {
    onReady(): void
    onCapacity(): void
    onGoAway(goAway: unknown): void
    onEnd(failure: unknown): void
  }
) => Session

const load = async (): Promise<Connect> => {
  const engine: Record<string, unknown> = await import("@effect-apns/http2")
  if (typeof engine.connect !== "function") throw new NotAvailable("@effect-apns/http2 does not export connect yet")
  return engine.connect as Connect
}

await main(async (job) => {
  const connect = await load()
  const { host, port } = job
  const ca = await readFile(job.ca, "utf8")
  const waiting: Array<() => void> = []
  const session = await new Promise<Session>((resolve, reject) => {
    const session = connect(
      { host, port, ca, connectTimeoutMillis: 10_000 },
      {
        onReady: () => resolve(session),
        onCapacity: () => {
          while (session.openable > 0 && waiting.length > 0) waiting.shift()?.()
        },
        onGoAway: () => {},
        onEnd: (failure) => reject(new Error(JSON.stringify(failure ?? "the session ended")))
      }
    )
  })
  const common = fields(job)
  const send = (index: number, done: (problem?: unknown) => void): void => {
    if (session.openable === 0) {
      waiting.push(() => send(index, done))
      return
    }
    session.open({ method: "POST", path: path(index), fields: { ...common, "apns-id": id() }, body }, (ending) =>
      done(ending.status === 200 ? undefined : ending.status === undefined ? ending._tag : `status ${ending.status}`)
    )
  }
  return { send, close: () => session.close() }
})
