/**
 * Sending: one notification in, a receipt or a typed error out.
 *
 * `Apns` composes the three services of the library, `PayloadSchema` (encodes and checks), `JwtCache` (the provider
 * token) and `ApnsConnection` (HTTP/2), with the retry Schedule and the deadline.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import { ApnsConnection, type Config as ConnectionConfig } from "./ApnsConnection.ts"
import { ApnsError } from "./ApnsError.ts"
import type { Broadcast } from "./Broadcast.ts"
import type { Credentials, TokenCredentials } from "./Credentials.ts"
import type { BroadcastServer } from "./Environment.ts"
import * as Environment from "./Environment.ts"
import { wrongEnvironment } from "./internal/certificateEnvironment.ts"
import type { Draining } from "./internal/draining.ts"
import { credentialsFromEnv, settingsFromEnv } from "./internal/env.ts"
import { makeSender, type Sender } from "./internal/sender.ts"
import { JwtCache, layerRead } from "./JwtCache.ts"
import type { Notification } from "./Notification.ts"
import { PayloadSchema } from "./PayloadSchema.ts"
import type { Timings } from "./Timings.ts"
import { type CertificateTrust, type Needed, type Provided, type TokenTrust, trusts } from "./Trust.ts"

/**
 * APNs has accepted the notification: it will try to deliver it. (It never says whether it did.)
 *
 * @category models
 * @since 0.1.0
 */
export interface Receipt {
  /** The notification's id, as APNs returned it. */
  readonly apnsId: string
  /** Finds the notification in Apple's Push Notifications Console; given by the sandbox. */
  readonly uniqueId?: string | undefined
  /** How often it was tried, the last time included. */
  readonly attempts: number
  /** Names the HTTP/2 session that carried it, as `host:port#n`. */
  readonly connection: string
  readonly timings: Timings
}

/**
 * APNs has accepted the broadcast: it will try to deliver it to the channel's subscribers.
 *
 * @category models
 * @since 0.1.0
 */
export interface BroadcastReceipt {
  /** The id of the request (`apns-request-id`), as APNs returned it. */
  readonly requestId: string
  /** Finds the broadcast in Apple's Push Notifications Console, where APNs gives it. */
  readonly uniqueId?: string | undefined
  /** How often it was tried, the last time included. */
  readonly attempts: number
  /** Names the HTTP/2 session that carried it, as `host:port#n`. */
  readonly connection: string
  readonly timings: Timings
}

/**
 * How `send` behaves.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface SendOptions {
  /** The app's bundle ID, for notifications that name no topic. Default: the certificate's, if there is one. */
  readonly topic?: string | undefined
  /**
   * How long a `send` may take in all: queue, connecting, writing, answer, retries. The notification's expiration bounds
   * it too. Default: 30 seconds.
   */
  readonly timeout?: Duration.Input | undefined
  /**
   * When to try again; replaces the default, `Retry.schedule`, wholly: what is retried, how often, and how long the pauses
   * are, what the answer asks to wait (`retryAfter`) included. Only the deadline stands above it, and `replayUnknown`
   * decides whether it is asked about what may have arrived.
   */
  readonly retry?: Schedule.Schedule<unknown, ApnsError> | undefined
  /**
   * Whether the retry Schedule is asked about notifications whose outcome is unknown, too. They may then arrive twice: give
   * them a `collapseId`. A notification's own `replayUnknown` goes before it. Default: `false`.
   */
  readonly replayUnknown?: boolean | undefined
}

/**
 * Settings of `Apns.layer`.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface Config<C extends Credentials = Credentials>
  extends SendOptions,
    Omit<ConnectionConfig, "certificate"> {
  /**
   * From `Credentials.token` or `Credentials.certificate`, loaded or still to be loaded. A token key that is given as an Effect is
   * read again every 50 minutes, when the provider token is renewed, and after `InvalidProviderToken`, so that it can be
   * replaced while the layer is open.
   */
  readonly credentials: C | Effect.Effect<C, ApnsError>
  /**
   * Where broadcasts go, over a connection of their own. Apple's prose names the ordinary hosts for them and its samples
   * others, which are `"api-broadcast"` here (Apple, "Sending broadcast push notification requests to APNs"). Default: the
   * ordinary connection.
   */
  readonly broadcastServer?: BroadcastServer | undefined
}

/**
 * Where a layer's provider token and connection come from.
 *
 * @internal
 */
export interface Sources {
  readonly token: (
    credentials: TokenCredentials,
    given: Credentials | Effect.Effect<Credentials, ApnsError>
  ) => Layer.Layer<JwtCache, ApnsError>
  readonly connection: (config: ConnectionConfig, credentials: Credentials) => Layer.Layer<ApnsConnection, ApnsError>
}

/**
 * Sends notifications.
 *
 * @category services
 * @since 0.1.0
 */
export class Apns extends Context.Service<
  Apns,
  {
    /** See the function `send`. */
    readonly send: (notification: Notification) => Effect.Effect<Receipt, ApnsError>
    /** See the function `broadcast`. */
    readonly broadcast: (broadcast: Broadcast) => Effect.Effect<BroadcastReceipt, ApnsError>
    /** What the function `drain` needs. An `Apns` of your own goes without; one that wraps another hands it on. */
    readonly draining?: Draining | undefined
  }
>()("effect-apns/Apns") {
  /**
   * Everything needed to send: credentials, provider token, connection, payload Schemas.
   *
   * **Details**
   *
   * Fails, before anything is sent, with `InvalidCredentials` or `InvalidConfiguration`. The connection opens with the
   * first notification and closes with the layer.
   *
   * Beside `Apns` it provides the kind of its credentials, `TokenTrust` or `CertificateTrust`, for the push types that
   * work with one kind only; both, where the type of `credentials` leaves the kind open.
   *
   * **Example** (A layer with a .p8 key)
   *
   * ```ts
   * import { Redacted } from "effect"
   * import { Apns, Credentials } from "effect-apns"
   *
   * export const layer = (p8: string) =>
   *   Apns.layer({
   *     environment: "production",
   *     credentials: Credentials.token({ teamId: "ABCDE12345", keyId: "KEY1234567", privateKey: Redacted.make(p8) }),
   *     topic: "com.example.app"
   *   })
   * ```
   */
  static readonly layer = <C extends Credentials>(config: Config<C>): Layer.Layer<Apns | Provided<C>, ApnsError> =>
    layerFrom(config, { token: layerRead, connection: ApnsConnection.layer })

  /**
   * `Apns.layer` with everything read from the environment through Effect's `Config`.
   *
   * **Details**
   *
   * `APNS_ENVIRONMENT` (`production` or `sandbox`; default `production`), `APNS_TOPIC`, and the credentials: either
   * `APNS_TEAM_ID`, `APNS_KEY_ID` and `APNS_KEY` (the text of the .p8 file) or `APNS_KEY_FILE` (its path); or
   * `APNS_CERTIFICATE_FILE` (.p12 or PEM) with `APNS_CERTIFICATE_KEY_FILE` and `APNS_CERTIFICATE_PASSPHRASE` where needed.
   * Optional: `APNS_HOST`, `APNS_PORT` and `APNS_CA_FILE` for a server of your own, `APNS_TIMEOUT` (such as
   * `"10 seconds"`); and of the connection `APNS_MAX_SESSIONS`, `APNS_IDLE_PING`, `APNS_SILENCE_PING` (or `"Infinity"`, as
   * for `APNS_IDLE_PING`), `APNS_PING_TIMEOUT`, `APNS_CONNECT_TIMEOUT`, `APNS_DRAIN_TIMEOUT` and `APNS_WARM_UP` (`true` or
   * `false`), which are the settings of these names. `HTTPS_PROXY` and `NO_PROXY`, as `proxy: "environment"` reads them, unless `proxy` is given.
   */
  static readonly layerConfig = (
    options?: Pick<
      Config,
      "retry" | "replayUnknown" | "broadcastServer" | "proxy" | "ca" | "extraCa" | "pins" | "slowDown"
    >
  ): Layer.Layer<Apns | TokenTrust | CertificateTrust, ApnsError> =>
    Layer.unwrap(
      Effect.gen(function* () {
        const settings = yield* settingsFromEnv
        return Apns.layer({ proxy: "environment", ...settings, ...options, credentials: credentialsFromEnv })
      })
    )

  /**
   * `send` and `broadcast` over the three services, which the caller provides, replaced or mocked. The kind of the credentials is the
   * caller's to say, with `TokenTrust.layer` or `CertificateTrust.layer`. Fails with `InvalidConfiguration` when `timeout` is none.
   */
  static readonly layerNoDeps = (
    options: SendOptions = {}
  ): Layer.Layer<Apns, ApnsError, ApnsConnection | JwtCache | PayloadSchema> =>
    layerSender({ ...options, topicRequired: true, trust: undefined })
}

/**
 * `Apns.layer` with a token and a connection from elsewhere; `target` is what its errors call it.
 *
 * @internal
 */
export const layerFrom = <C extends Credentials>(
  config: Config<C>,
  from: Sources,
  target?: string
): Layer.Layer<Apns | Provided<C>, ApnsError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { credentials: given, broadcastServer, ...settings } = config
      const credentials: Credentials = Effect.isEffect(given) ? yield* given : given
      const connect = (settings: ConnectionConfig) => from.connection(settings, credentials)
      if (credentials._tag === "TokenCredentials") {
        const broadcastConnection = yield* connectBroadcast(broadcastServer, settings, connect)
        return layerSender({ ...settings, topicRequired: true, trust: "token", target, broadcastConnection }).pipe(
          Layer.provide([from.token(credentials, given), connect(settings), PayloadSchema.layer])
        )
      }
      const wrong = wrongEnvironment(credentials, settings.environment)
      if (wrong !== undefined) return yield* new ApnsError({ reason: wrong })
      const connecting = { ...settings, certificate: credentials }
      return layerSender({
        ...settings,
        topic: settings.topic ?? credentials.topic,
        topicRequired: credentials.topics.length > 1,
        trust: "certificate",
        target,
        broadcastConnection: yield* connectBroadcast(broadcastServer, connecting, connect)
      }).pipe(Layer.provide([JwtCache.layerNone, connect(connecting), PayloadSchema.layer]))
    })
  ).pipe(
    Layer.merge(trusts),
    // Of the two marks, those that `C` does not rule out are shown. Marks do nothing: the other one harms nobody.
    (layer) => layer as Layer.Layer<Apns | Provided<C>, ApnsError>
  )

/** The connection for broadcasts, where they have a server of their own. */
const connectBroadcast = Effect.fnUntraced(function* (
  broadcastServer: BroadcastServer | undefined,
  settings: ConnectionConfig,
  connect: (settings: ConnectionConfig) => Layer.Layer<ApnsConnection, ApnsError>
) {
  if (broadcastServer === undefined) return undefined
  const server = yield* Effect.mapError(
    Effect.fromResult(Environment.broadcast(settings.environment, broadcastServer)),
    (reason) => new ApnsError({ reason })
  )
  const connection = connect({ ...settings, environment: server, port: server.port })
  return Context.get(yield* Layer.build(connection), ApnsConnection)
})

const layerSender = (options: Sender) => Layer.effect(Apns, makeSender(options))

/**
 * Sends one notification and waits for APNs to accept or refuse it.
 *
 * **When to use**
 *
 * Use for every notification: `Effect.runPromise(send(n).pipe(Effect.provide(ApnsLive)))`. In a program that sends many,
 * provide the layer once, around all of it: its connection and provider token are shared.
 *
 * **Details**
 *
 * Fails with `ApnsError`, whose `reason` says why, `outcome` what is known of the notification, and `action` what to do.
 * Notifications that APNs provably did not process, and those it refused for a passing fault, are tried again as the
 * retry Schedule says; those with an unknown outcome are not. Interrupting it cancels the request.
 *
 * A location or File Provider push needs a layer with token credentials, an MDM push one with a certificate, which their
 * types say (`TokenTrust`, `CertificateTrust`). Typed as a plain `Notification`, it is checked when it is sent.
 *
 * **Example** (Handling a dead token)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Notification, send } from "effect-apns"
 *
 * export const program = (device: string) =>
 *   send(Notification.alert({ device, alert: "Hello" })).pipe(
 *     Effect.asVoid,
 *     Effect.catchReason("ApnsError", "Unregistered", (reason) => Effect.log("gone since", reason.timestamp))
 *   )
 * ```
 *
 * @category sending
 * @since 0.1.0
 */
export const send = <N extends Notification>(notification: N): Effect.Effect<Receipt, ApnsError, Apns | Needed<N>> =>
  Effect.flatMap(Apns, (apns) => apns.send(notification))

/**
 * Sends one broadcast to its channel and waits for APNs to accept or refuse it.
 *
 * **When to use**
 *
 * Use to update or end the Live Activities of everybody who subscribed to a channel, with one request. Channels are made
 * with the `Channels` service.
 *
 * **Details**
 *
 * Errors, deadline and retries are those of `send`. The body is at most 5,120 bytes. A channel that stores nothing takes
 * only the expiration `"once"`: APNs refuses others with `BadExpirationDate` (Apple, "Sending broadcast push notification
 * requests to APNs").
 *
 * **Example** (Forgetting a channel that is gone)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { broadcast, Notification } from "effect-apns"
 *
 * export const goal = (channel: string, score: readonly [number, number]) =>
 *   broadcast(
 *     Notification.broadcast.update({ channel, priority: 10, expiration: "once", contentState: { score } })
 *   ).pipe(
 *     Effect.asVoid,
 *     Effect.catchReason("ApnsError", "ChannelNotRegistered", () => Effect.log("there is no channel", channel))
 *   )
 * ```
 *
 * @category sending
 * @since 0.1.0
 */
export const broadcast = (broadcast: Broadcast): Effect.Effect<BroadcastReceipt, ApnsError, Apns> =>
  Effect.flatMap(Apns, (apns) => apns.broadcast(broadcast))
