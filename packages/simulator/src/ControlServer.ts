/**
 * The HTTP server of the control API and the web inbox, on a port of its own.
 *
 * It is for this machine and for nobody else: it listens on the loopback by default, refuses requests that pages of other origins
 * make a browser send (by their `Origin`, by a `Host` that is not its own, by a content type that a form can send), and allows no
 * other origin to read its answers.
 *
 * @since 0.1.0
 */
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as ByteSize from "effect/ByteSize"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as Layer from "effect/Layer"
import { ControlApi } from "./ControlApi.ts"
import type { Info } from "./ControlModel.ts"
import { protection, refusalOf } from "./internal/control/guard.ts"
import { handlers } from "./internal/control/handlers.ts"
import { follow } from "./internal/control/live.ts"
import { pageRoutes } from "./internal/control/page.ts"
import { present } from "./internal/control/summary.ts"
import { isLoopback } from "./internal/settings.ts"
import { version } from "./internal/version.ts"
import { Simulator } from "./Simulator.ts"
import { ListenFailed, SimulatorError } from "./SimulatorError.ts"

/**
 * Options of the control server. All are optional.
 *
 * @category models
 * @since 0.1.0
 */
export interface ControlServerOptions {
  /** Address to listen on. Default `"127.0.0.1"`. On another one, whoever can reach the machine controls the simulator. */
  readonly host?: string | undefined
  /** Port to listen on. Default 0: one the system chooses. */
  readonly port?: number | undefined
  /** Directory with the built web inbox. Default: the one of this package. */
  readonly page?: string | undefined
}

/**
 * A running control server.
 *
 * **When to use**
 *
 * Use to look at what a test sends while it runs, or to let a program in another process or another language control the
 * simulator. In the same process `Simulator` does all of it without HTTP.
 *
 * **Example** (A simulator with its control API)
 *
 * ```ts run
 * import { Simulator } from "@effect-apns/simulator"
 * import { ControlServer } from "@effect-apns/simulator/ControlServer"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const { url } = yield* ControlServer
 *   const response = yield* Effect.promise(() => fetch(`${url}/api/received`))
 *   return yield* Effect.promise(() => response.json())
 * })
 *
 * const live = ControlServer.layer().pipe(Layer.provide(Simulator.layer()))
 * await Effect.runPromise(program.pipe(Effect.provide(live))) // => { items: [], kept: 0 }
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class ControlServer extends Context.Service<
  ControlServer,
  {
    readonly host: string
    readonly port: number
    /** Where to point a browser, without a slash at the end. */
    readonly url: string
  }
>()("@effect-apns/simulator/ControlServer") {
  /** Serves a simulator's control API; stops when the scope closes. Fails with `ListenFailed`. */
  static readonly layer = (options?: ControlServerOptions): Layer.Layer<ControlServer, SimulatorError, Simulator> =>
    Layer.effect(ControlServer, make(options ?? {}))
}

const packageFile = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

const maxBody = ByteSize.mebibytes(1)

const respond = (status: number, message: string) =>
  HttpServerResponse.jsonUnsafe({ _tag: "Refused", message }, { status })

/** Lets through what may pass, and puts the protecting headers on every answer. */
const guarded = <E, R>(app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>, boundTo: string) =>
  Effect.gen(function* () {
    const { headers, method, url } = yield* HttpServerRequest.HttpServerRequest
    const refusal = refusalOf({ method, path: url, headers }, boundTo)
    if (refusal !== undefined) return respond(refusal.status, refusal.message)
    return yield* app
  }).pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, maxBody),
    HttpEffect.withPreResponseHandler((request, response) => {
      const isApi = request.url.startsWith("/api/")
      const kept = isApi ? { "cache-control": "no-store", ...protection } : protection
      return Effect.succeed(HttpServerResponse.setHeaders(response, kept))
    })
  )

/** What listens on every address of the machine can be reached at the local one. */
const hostInUrl = (host: string) => {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host
  return reachable.includes(":") ? `[${reachable}]` : reachable
}

const make = Effect.fnUntraced(function* ({ host = "127.0.0.1", port = 0, page }: ControlServerOptions) {
  const simulator = yield* Simulator
  const live = yield* follow(simulator)
  const started = yield* Clock.currentTimeMillis
  let inboxPort = port
  const info = Effect.sync((): Info => {
    const { environment, host, port, managementPort, ca, caFile, key, keyFile, keep, dataFile } = simulator
    return present({
      ...{ version, environment, host, port, managementPort, inboxPort, ca, key, keep, started },
      ...{ caFile, keyFile, data: dataFile }
    })
  })

  const api = HttpApiBuilder.layer(ControlApi, { openapiPath: "/openapi.json" }).pipe(
    Layer.provide(handlers({ simulator, live, info })),
    Layer.provide(HttpApiMiddleware.layerProblemDetails({ includeDetails: true }))
  )
  const routes = Layer.mergeAll(api, pageRoutes(page ?? packageFile("dist/inbox")))
  const app = yield* HttpRouter.toHttpEffect(Layer.provide(routes, NodeHttpServer.layerHttpServices))

  if (!isLoopback(host)) {
    yield* Effect.logWarning(
      `the web inbox listens on ${host}: whoever reaches it may read it and control the simulator`
    )
  }
  const server = yield* NodeHttpServer.make(
    () => Object.assign(createServer({ headersTimeout: 10_000, requestTimeout: 30_000 }), { maxConnections: 512 }),
    { host, port, gracefulShutdownTimeout: 500 }
  ).pipe(Effect.mapError((cause) => new SimulatorError({ reason: new ListenFailed({ host, port, cause }) })))
  if (server.address._tag !== "UnixPathAddress") inboxPort = server.address.port
  yield* server.serve(guarded(app, host))
  return ControlServer.of({ host, port: inboxPort, url: `http://${hostInUrl(host)}:${inboxPort}` })
})
