/** Talking to a control server over HTTP, as a program in any language would. */
import * as http from "node:http"
import { Simulator, type SimulatorOptions } from "@effect-apns/simulator"
import { ControlServer, type ControlServerOptions } from "@effect-apns/simulator/ControlServer"
import { Effect, Layer, type Scope } from "effect"
import { type Client, connectWithToken } from "../support.ts"

export interface Reply {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
  /** The body as JSON; `undefined` when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any
}

export interface Ask {
  readonly method?: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is. */
  readonly raw?: string | Buffer
  readonly headers?: http.OutgoingHttpHeaders
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Sends a request with exactly these headers; `fetch` would not let a test choose `Host` and `Origin`. */
export const ask = (base: string, path: string, { method, body, raw, headers }: Ask = {}) =>
  Effect.callback<Reply, Error>((resume) => {
    const { hostname, port } = new URL(base)
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body))
    const request = http.request(
      {
        host: hostname,
        port,
        path,
        method: method ?? (sent === undefined ? "GET" : "POST"),
        agent: false,
        headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers }
      },
      (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk) => chunks.push(chunk))
        response.on("error", (error) => resume(Effect.fail(error)))
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8")
          const { statusCode = 0, headers } = response
          resume(Effect.succeed({ status: statusCode, headers, text, json: parse(text) }))
        })
      }
    )
    request.on("error", (error) => resume(Effect.fail(error)))
    request.end(sent)
    return Effect.sync(() => request.destroy())
  })

export interface Control {
  readonly simulator: Simulator["Service"]
  readonly client: Client
  readonly url: string
  readonly ask: (path: string, options?: Ask) => Effect.Effect<Reply, Error>
}

/** Runs a talk with a simulator, its control server, and a client with a good token. */
export const controlled = <A, E>(
  talk: (control: Control) => Effect.Effect<A, E, Scope.Scope>,
  options: SimulatorOptions & { readonly control?: ControlServerOptions } = {}
) =>
  Effect.gen(function* () {
    const simulator = yield* Simulator
    const { url } = yield* ControlServer
    const client = yield* connectWithToken(simulator)
    return yield* talk({ simulator, client, url, ask: (path, asked) => ask(url, path, asked) })
  }).pipe(
    Effect.scoped,
    Effect.provide(ControlServer.layer(options.control).pipe(Layer.provideMerge(Simulator.layer(options))))
  )

/** Server-sent events as they come: id and data of each, and the comments. */
export interface Events {
  readonly events: ReadonlyArray<{
    readonly id: string
    readonly data: { readonly _tag: string } & Record<string, unknown>
  }>
  readonly until: (condition: () => boolean) => Effect.Effect<void>
  readonly close: () => void
}

export const listen = (url: string, lastEventId?: string): Effect.Effect<Events, Error, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Events, Error>((resume) => {
      const headers = lastEventId === undefined ? {} : { "last-event-id": lastEventId }
      const request = http.get(`${url}/api/events`, { headers, agent: false }, (response) => {
        const events: Array<Events["events"][number]> = []
        const waiting = new Set<() => void>()
        let rest = ""
        response.setEncoding("utf8")
        response.on("error", () => {})
        response.on("data", (text: string) => {
          const blocks = (rest + text).split("\n\n")
          rest = blocks.pop() ?? ""
          for (const block of blocks) {
            const field = (name: string) =>
              block
                .split("\n")
                .find((line) => line.startsWith(`${name}: `))
                ?.slice(name.length + 2)
            const data = field("data")
            if (data !== undefined) events.push({ id: field("id") ?? "", data: JSON.parse(data) })
          }
          for (const check of [...waiting]) check()
        })
        resume(
          Effect.succeed({
            events,
            close: () => request.destroy(),
            until: (condition) =>
              Effect.callback<void>((met) => {
                const check = () => {
                  if (!condition()) return
                  waiting.delete(check)
                  met(Effect.void)
                }
                waiting.add(check)
                check()
              })
          })
        )
      })
      request.on("error", (error) => resume(Effect.fail(error)))
    }),
    ({ close }) => Effect.sync(close)
  )
