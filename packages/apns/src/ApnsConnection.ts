/**
 * One logical connection to one environment of APNs.
 *
 * It opens an HTTP/2 session when the first request comes, and more when one does not suffice, up to `maxSessions`, spread
 * over the addresses of the host; keeps requests in a queue of its own while the server allows no further stream, never
 * opens more streams than allowed, replaces a session that is going away or has gone silent, and tells of every request
 * that failed whether APNs may have processed it.
 *
 * @since 0.1.0
 */
import { performance } from "node:perf_hooks"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { ApnsError } from "./ApnsError.ts"
import type { CertificateCredentials } from "./Credentials.ts"
import * as Environment from "./Environment.ts"
import { anchors } from "./internal/anchors.ts"
import { ConnectionReport } from "./internal/connectionReport.ts"
import { connect } from "./internal/engineTransport.ts"
import type { LoopTime } from "./internal/growth.ts"
import { ledgerOf } from "./internal/ledger.ts"
import { type ConnectionError, LogicalConnection, type Response } from "./internal/logicalConnection.ts"
import { parsePins } from "./internal/pins.ts"
import type { PoolSettings } from "./internal/pool.ts"
import { poolSettings } from "./internal/poolSettings.ts"
import { resolveProxy } from "./internal/proxySetting.ts"
import { Resolver } from "./internal/resolver.ts"
import { type SlowDownSettings, slowDownSettings } from "./internal/slowDownSettings.ts"
import { steadyOf } from "./internal/steadyClock.ts"
import { requestBy, type Submit, shifted, withSubmit } from "./internal/submit.ts"
import type { Endpoint } from "./internal/transport.ts"
import type { Proxy } from "./Proxy.ts"
import type { InvalidConfiguration } from "./Reason.ts"
import type { SlowDown } from "./SlowDown.ts"

/**
 * A request to APNs.
 *
 * @category models
 * @since 0.1.0
 */
export interface ApnsRequest {
  readonly method: "POST" | "GET" | "DELETE"
  readonly path: string
  /** Header fields beside `authorization`, by lower-case name. */
  readonly fields: Readonly<Record<string, string>>
  readonly authorization?: Redacted.Redacted<string> | undefined
  readonly body: Uint8Array
  /**
   * When to give up, in milliseconds since the epoch. How long that is from the beginning of the request is what counts: a
   * clock that is set meanwhile changes nothing.
   */
  readonly deadlineMillis: number
}

/**
 * An answer of APNs, whatever its status. Its times are milliseconds since the epoch as the clock stands when the answer
 * comes; what is between them is measured on the monotonic clock.
 *
 * @category models
 * @since 0.1.0
 */
export interface ApnsResponse extends Response {}

/**
 * Why a request has no answer: the `reason` of the `ApnsError` that `send` fails with.
 *
 * @category errors
 * @since 0.1.0
 */
export type RequestError = ConnectionError

/**
 * Settings of a connection.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface Config {
  readonly environment: Environment.Environment
  /** Default: 443, or the server's own. Apple also listens on 2197. */
  readonly port?: number | undefined
  /**
   * The proxy on the way: a URL, `{ url: Redacted }` where that holds a password, or `"environment"` for what `HTTPS_PROXY`
   * and `NO_PROXY` say. Default: none, whatever the variables say.
   */
  readonly proxy?: Proxy | undefined
  /**
   * Certificates to trust instead of the runtime's, in PEM. The `ca` of a server of your own goes before it. Default: the
   * runtime's.
   */
  readonly ca?: string | ReadonlyArray<string> | undefined
  /**
   * Certificates to trust beside these, in PEM, such as the root of a proxy that opens TLS. `NODE_EXTRA_CA_CERTS` counts
   * among the runtime's already.
   */
  readonly extraCa?: string | ReadonlyArray<string> | undefined
  /**
   * SHA-256 hashes of public keys (SPKI) in base64, with or without `sha256/` before: one of them has to be that of a
   * certificate in the server's chain, its own or an authority's, beside all other checks. Name two at least, and rather
   * an authority's than the server's: Apple renews those without notice. Default: any.
   */
  readonly pins?: ReadonlyArray<string> | undefined
  /** The client certificate, where it is the credential. */
  readonly certificate?: CertificateCredentials | undefined
  /** How long opening a session may take, the proxy included, until the server's SETTINGS have arrived. Default: 10 seconds. */
  readonly connectTimeout?: Duration.Input | undefined
  /** How long requests in flight may go on when the layer's scope closes, or `drain` is called. Default: 5 seconds. */
  readonly drainTimeout?: Duration.Input | undefined
  /**
   * How many HTTP/2 sessions there may be at a time, beside those that are draining. One carries as many notifications in
   * a round trip as APNs allows it streams (1000 have been seen). Another is opened when every stream is taken and the
   * queue has waited longer than a round trip, and never less than 50 ms, for the network and not for this program's own
   * work; one at a time, only after those before it have answered. Those not needed any more are closed after `idlePing`.
   *
   * Default: 8. Apple wants load spread over several connections rather than bursts over few, and calls rapid connecting
   * and disconnecting an attack ("Sending notification requests to APNs", "Establishing a connection to APNs"). Eight of
   * 1000 streams carry 160,000 notifications a second at a round trip of 50 ms, and 40,000 at 200: more than one process
   * sends. `1` keeps to a single session.
   */
  readonly maxSessions?: number | undefined
  /**
   * How long a session may carry nothing before the server is asked for a sign of life (PING), so that what comes after
   * a pause does not meet a connection that some router has forgotten. `Duration.infinity`: never. Apple calls an hour
   * suitable ("Sending notification requests to APNs"); routers forget after minutes. Default: 1 minute.
   */
  readonly idlePing?: Duration.Input | undefined
  /**
   * How long a session with open streams may bring nothing before the server is asked for a sign of life.
   * `Duration.infinity`: never. Default: 5 seconds.
   */
  readonly silencePing?: Duration.Input | undefined
  /**
   * How long the server may take for a sign of life. Then the session is ended and replaced: requests that were written
   * fail as unknown, those that were not go out on the next one. Finite. Default: 5 seconds.
   */
  readonly pingTimeout?: Duration.Input | undefined
  /**
   * Whether the first session is opened with the layer, so that the first request finds it open. The layer does not wait
   * for it, nor fail when it cannot be opened. Default: `false`.
   */
  readonly warmUp?: boolean | undefined
  /**
   * When less is sent than could be: to a device that gets too many, while many device tokens are bad, and while APNs is
   * ill. Each with settings of its own, or `false`.
   */
  readonly slowDown?: SlowDown | undefined
}

/**
 * Carries requests to one environment of APNs.
 *
 * **When to use**
 *
 * Use `ApnsConnection.layer` as a Layer of its own to share one connection between several `Apns`, or replace it with a
 * stub to test without a network. `Apns.layer` provides it.
 *
 * @category services
 * @since 0.1.0
 */
export class ApnsConnection extends Context.Service<
  ApnsConnection,
  {
    /** Host and port, for logs. */
    readonly address: string
    /**
     * Sends one request and waits for its answer. Interrupting it takes the request out of the queue, or resets its
     * stream.
     */
    readonly request: (request: ApnsRequest) => Effect.Effect<ApnsResponse, RequestError>
    /** Opens no more streams on the session of that name (`ApnsResponse.connection`); later requests use another. */
    readonly retire: (connection: string) => Effect.Effect<void>
    /**
     * Tells by what key requests are signed from now on (`ProviderToken.key`). Sessions that carried requests of another key
     * open no more streams: APNs binds a session to the first key on it. A connection without it is told nothing, and its
     * sessions are retired as APNs refuses what comes on them.
     */
    readonly useKey?: (key: string) => Effect.Effect<void>
    /**
     * Takes no more requests, and waits until those it has are settled, for `drainTimeout` at most. What then is left fails:
     * unsent where it waited for a stream, else unknown. A connection of your own may go without.
     */
    readonly drain?: Effect.Effect<void>
  }
>()("effect-apns/ApnsConnection") {
  /**
   * Connects on the first request and closes with the scope: requests in flight are given `drainTimeout` to finish, then
   * they fail as unknown.
   *
   * Fails with `InvalidConfiguration` when the environment, port, proxy, pins or certificates to trust are
   * none, or a setting is out of its range.
   */
  static readonly layer = (config: Config): Layer.Layer<ApnsConnection, ApnsError> =>
    layerTo(Environment.resolve(config.environment, config.port), config)

  /**
   * The same, to the server that manages the environment's channels: for `Channels.layerNoDeps`. Its port, unless given,
   * is Apple's for the environment, or the server's `managementPort`, which a server of your own has to name.
   */
  static readonly layerManagement = (config: Config): Layer.Layer<ApnsConnection, ApnsError> =>
    layerTo(Environment.management(config.environment, config.port), config, channelListBytes)
}

/** The list of an app's channels may hold 10,000 ids, whose length Apple does not state. */
const channelListBytes = 4_194_304

const layerTo = (
  server: Result.Result<Environment.Address, InvalidConfiguration>,
  config: Config,
  maxAnswerBytes?: number
) =>
  Layer.effect(
    ApnsConnection,
    Effect.fromResult(Result.all([server, poolSettings(config), slowDownSettings(config.slowDown)])).pipe(
      Effect.mapError((reason) => new ApnsError({ reason })),
      Effect.flatMap(([address, pool, slowDown]) => make(address, config, pool, slowDown, maxAnswerBytes))
    )
  )

/** Where the runtime does not tell, the event loop counts as idle. */
const loopTime = (): LoopTime => performance.eventLoopUtilization?.() ?? { idle: 0, active: 0 }

const make = Effect.fnUntraced(function* (
  server: Environment.Address,
  config: Config,
  pool: PoolSettings,
  slowDown: SlowDownSettings,
  maxAnswerBytes: number | undefined
): Effect.fn.Return<ApnsConnection["Service"], ApnsError, Scope.Scope> {
  const proxy = yield* resolveProxy(config.proxy, server)
  const pins = yield* Effect.mapError(Effect.fromResult(parsePins(config.pins)), (reason) => new ApnsError({ reason }))
  const trusted = yield* Effect.mapError(
    Effect.fromResult(
      anchors(server.ca ?? config.ca, config.extraCa, server.ca === undefined ? "ca" : "environment.ca")
    ),
    (reason) => new ApnsError({ reason })
  )
  const clock = yield* Clock.Clock
  const now = steadyOf(clock)
  const wallNow = () => clock.currentTimeMillisUnsafe()
  const run = yield* FiberSet.makeRuntime()
  const ledger = yield* ledgerOf
  const address = `${server.host}:${server.port}`
  const endpoint: Endpoint = {
    host: server.host,
    port: server.port,
    resolve: yield* Resolver,
    ca: trusted,
    pins,
    proxy,
    clientCertificate: config.certificate,
    connectTimeoutMillis: Duration.toMillis(config.connectTimeout ?? "10 seconds"),
    maxAnswerBytes
  }
  const connection = new LogicalConnection({
    endpoint,
    connect,
    pool,
    slowDown,
    now,
    wallNow,
    later: (millis, task) => {
      const fiber = run(Effect.andThen(Effect.sleep(millis), Effect.sync(task)))
      return () => fiber.interruptUnsafe()
    },
    // The event loop runs timers, then reads sockets, then runs these.
    afterReading: setImmediate,
    loopTime,
    observer: new ConnectionReport(address, ledger, (log) => void run(log), now)
  })
  const drainTimeout = config.drainTimeout ?? "5 seconds"
  const drain = Effect.callback<void>((resume) => {
    const forget = connection.drain(() => resume(Effect.void))
    return Effect.sync(forget)
  }).pipe(
    Effect.timeoutOrElse({
      duration: drainTimeout,
      orElse: () =>
        Effect.sync(() => {
          connection.close(() => {})
          connection.destroy()
        })
    })
  )
  const unwatch = ledger.watchConnection(address, () => connection.census())

  yield* Effect.addFinalizer(() =>
    Effect.callback<void>((resume) => connection.close(() => resume(Effect.void))).pipe(
      Effect.interruptible,
      Effect.timeout(drainTimeout),
      Effect.ignore,
      Effect.andThen(
        Effect.sync(() => {
          connection.destroy()
          unwatch()
        })
      )
    )
  )

  if (config.warmUp === true) connection.warmUp()

  let keyInUse: string | undefined
  const submit: Submit = (request, listener) => connection.submit(request, request.deadlineMillis, listener)

  return withSubmit(
    {
      address: connection.address,
      request: (request) =>
        Effect.suspend(() => {
          const deadlineMillis = now() + (request.deadlineMillis - wallNow())
          return requestBy(submit, { ...request, deadlineMillis }, (error) => error)
        }).pipe(Effect.map((response) => shifted(response, wallNow() - now()))),
      retire: (name) => Effect.sync(() => connection.retire(name)),
      useKey: (key) =>
        Effect.sync(() => {
          if (keyInUse !== undefined && key !== keyInUse) connection.retireUsed()
          keyInUse = key
        }),
      drain
    },
    submit,
    () => connection.streamsAllowed
  )
})
