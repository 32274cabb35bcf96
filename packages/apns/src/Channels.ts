/**
 * Broadcast channels: making, reading, listing and deleting them.
 *
 * A channel belongs to one app in one environment. Apps subscribe Live Activities to it, and `broadcast` reaches all of
 * them with one request. APNs takes these requests on hosts and ports of their own, so `Channels` has a connection of its
 * own beside that of `Apns`; the app ID needs the Broadcast capability (Apple, "Setting up broadcast push notifications").
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type { SendOptions } from "./Apns.ts"
import { ApnsConnection, type Config as ConnectionConfig } from "./ApnsConnection.ts"
import { ApnsError } from "./ApnsError.ts"
import type { Credentials } from "./Credentials.ts"
import { wrongEnvironment } from "./internal/certificateEnvironment.ts"
import { type ChannelRequest, creating, deleting, listing, prepare, reading } from "./internal/channelRequest.ts"
import { bundleIdProblem, channelProblem } from "./internal/channelRules.ts"
import { channelSettingsFromEnv, credentialsFromEnv } from "./internal/env.ts"
import { makeExchange } from "./internal/exchange.ts"
import { steadyNow } from "./internal/steadyClock.ts"
import { timeoutMillisOf } from "./internal/timeSetting.ts"
import { JwtCache, layerRead } from "./JwtCache.ts"
import { InvalidConfiguration } from "./Reason.ts"
import * as Retry from "./Retry.ts"

/**
 * What a channel keeps for devices that are offline; it cannot be changed later (Apple, "Sending channel management
 * requests to APNs").
 *
 * - `"none"`: nothing; they miss the broadcast. The channel has a larger publishing budget, and its broadcasts take only
 *   the expiration `"once"`.
 * - `"mostRecent"`: the newest broadcast, for at most 8 hours.
 *
 * @category models
 * @since 0.1.0
 */
export type ChannelStorage = "none" | "mostRecent"

/**
 * How many channels an app can have in each environment (Apple, "Setting up broadcast push notifications").
 *
 * @category rules
 * @since 0.1.0
 */
export const maximumChannels = 10_000

/**
 * Returns `true` when a text has the form of a channel's id: base64. Only APNs knows whether there is such a channel.
 *
 * **When to use**
 *
 * Use before something is done to several channels, so that a slip in one of their ids stops it before the first.
 *
 * @category guards
 * @since 0.1.0
 */
export const isChannelId = (text: string): boolean => channelProblem(text) === undefined

/**
 * A channel was made.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChannelCreated {
  /** The channel's id, in base64. Store it: it is what broadcasts and apps name the channel by. */
  readonly channel: string
  /** The id of the request (`apns-request-id`), as APNs returned it. */
  readonly requestId: string
}

/**
 * What a channel is.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChannelRead {
  readonly storage: ChannelStorage
  /** The id of the request (`apns-request-id`), as APNs returned it. */
  readonly requestId: string
}

/**
 * A channel was deleted.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChannelDeleted {
  /** The id of the request (`apns-request-id`), as APNs returned it. */
  readonly requestId: string
}

/**
 * All channels of the app in the environment.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChannelList {
  /** The ids of the channels, in base64. */
  readonly channels: ReadonlyArray<string>
  /** The id of the request (`apns-request-id`), as APNs returned it. */
  readonly requestId: string
}

/**
 * What every request can say.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChannelRequestOptions {
  /** The id of the request, a UUID; it stays the same however often the request is tried. Default: a new one. */
  readonly requestId?: string | undefined
}

/**
 * How `Channels` behaves.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface ChannelsOptions {
  /** The app's bundle ID, without the suffix of a push type. Default: the certificate's topic, if there is one. */
  readonly topic?: string | undefined
  /** How long a request may take in all: queue, connecting, writing, answer, retries. Default: 30 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** When to try again; replaces the default, `Retry.schedule`, within the limits that each request states. */
  readonly retry?: Schedule.Schedule<unknown, ApnsError> | undefined
}

/**
 * Settings of `Channels.layer`.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface ChannelsConfig extends ChannelsOptions, Omit<ConnectionConfig, "certificate" | "port"> {
  /** From `Credentials.token` or `Credentials.certificate`, loaded or still to be loaded; read again as in `Apns.layer`. */
  readonly credentials: Credentials | Effect.Effect<Credentials, ApnsError>
  /** Default: 2196 for production and 2195 for sandbox, or the server's `managementPort`, which it then has to name. */
  readonly port?: number | undefined
}

/**
 * Manages the broadcast channels of one app in one environment.
 *
 * **When to use**
 *
 * Use to make a channel for every thing that many Live Activities follow, such as a match, and to delete it when that is
 * over.
 *
 * **Details**
 *
 * Requests fail with `ApnsError`, as `send` does: `outcome` says what is known of the request, `action` what to do. What
 * APNs provably did not process, and what it refused for a passing fault, is tried again as the retry Schedule says, until
 * the timeout. Source: Apple, "Sending channel management requests to APNs".
 *
 * **Example** (A channel for a match)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Channels } from "effect-apns"
 *
 * export const open = Effect.gen(function* () {
 *   const channels = yield* Channels
 *   const { channel } = yield* channels.create({ storage: "mostRecent" })
 *   return channel
 * }).pipe(
 *   Effect.catchReason("ApnsError", "CannotCreateChannelConfig", () => Effect.die("delete channels of past matches first"))
 * )
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Channels extends Context.Service<
  Channels,
  {
    /**
     * Makes a channel. Its storage policy is for good.
     *
     * It is not tried again once it may have made a channel, whatever the Schedule says: when the outcome is `"unknown"`,
     * and after `InternalServerError`. `list` then tells whether there is a channel that you did not know of.
     */
    readonly create: (
      options: ChannelRequestOptions & { readonly storage: ChannelStorage }
    ) => Effect.Effect<ChannelCreated, ApnsError>
    /** Tells a channel's storage policy. `ChannelNotRegistered`: there is no such channel in this environment. */
    readonly read: (channel: string, options?: ChannelRequestOptions) => Effect.Effect<ChannelRead, ApnsError>
    /**
     * Deletes a channel, for good; a broadcast that is stored may still go out.
     *
     * When the outcome is `"unknown"`, delete it again: `ChannelNotRegistered` then says that it is gone.
     */
    readonly delete: (channel: string, options?: ChannelRequestOptions) => Effect.Effect<ChannelDeleted, ApnsError>
    /** All channels of the app in this environment, in one answer. */
    readonly list: (options?: ChannelRequestOptions) => Effect.Effect<ChannelList, ApnsError>
    /**
     * How many more channels the app can make in this environment: `maximumChannels` less those it has, never below 0.
     *
     * It lists all channels to count them, as APNs has no other way to tell: ask now and then, not before every
     * `create`, which fails with `CannotCreateChannelConfig` when there are none left.
     */
    readonly remaining: (options?: ChannelRequestOptions) => Effect.Effect<number, ApnsError>
  }
>()("effect-apns/Channels") {
  /**
   * Everything needed to manage channels: credentials, provider token, and a connection to the management host.
   *
   * **Details**
   *
   * Fails, before anything is sent, with `InvalidCredentials` or `InvalidConfiguration`. The connection opens with the
   * first request and closes with the layer. Where `Apns` uses the same key in the process, they have one provider token.
   *
   * **Example** (A layer with a .p8 key)
   *
   * ```ts
   * import { Redacted } from "effect"
   * import { Channels, Credentials } from "effect-apns"
   *
   * export const layer = (p8: string) =>
   *   Channels.layer({
   *     environment: "production",
   *     credentials: Credentials.token({ teamId: "ABCDE12345", keyId: "KEY1234567", privateKey: Redacted.make(p8) }),
   *     topic: "com.example.app"
   *   })
   * ```
   */
  static readonly layer = (config: ChannelsConfig): Layer.Layer<Channels, ApnsError> =>
    Layer.unwrap(
      Effect.gen(function* () {
        const { credentials: given, ...settings } = config
        const credentials = Effect.isEffect(given) ? yield* given : given
        if (credentials._tag === "TokenCredentials") {
          return Channels.layerNoDeps(settings).pipe(
            Layer.provide([layerRead(credentials, given), ApnsConnection.layerManagement(settings)])
          )
        }
        const wrong = wrongEnvironment(credentials, settings.environment)
        if (wrong !== undefined) return yield* new ApnsError({ reason: wrong })
        return Channels.layerNoDeps({ ...settings, topic: settings.topic ?? credentials.topic }).pipe(
          Layer.provide([JwtCache.layerNone, ApnsConnection.layerManagement({ ...settings, certificate: credentials })])
        )
      })
    )

  /**
   * `Channels.layer` with everything read from the environment through Effect's `Config`.
   *
   * **Details**
   *
   * The variables are those of `Apns.layerConfig`. `APNS_TOPIC` has to be set, unless a certificate names the app.
   * `APNS_PORT` does not count, as channels have a port of their own: `APNS_MANAGEMENT_PORT` names it, which Apple's
   * servers do not need and one of your own (`APNS_HOST`) does.
   */
  static readonly layerConfig = (
    options?: Pick<ChannelsConfig, "retry" | "proxy" | "ca" | "extraCa" | "pins">
  ): Layer.Layer<Channels, ApnsError> =>
    Layer.unwrap(
      Effect.map(channelSettingsFromEnv, (settings) =>
        Channels.layer({ proxy: "environment", ...settings, ...options, credentials: credentialsFromEnv })
      )
    )

  /**
   * `Channels` over a connection and a provider token that the caller provides, replaced, mocked or shared.
   *
   * **Details**
   *
   * The connection is one of `ApnsConnection.layerManagement`. Fails with `InvalidConfiguration` when `topic` is missing
   * or is not a bundle ID.
   *
   * **Example** (One provider token for sending and for channels)
   *
   * ```ts
   * import { Layer } from "effect"
   * import { Apns, ApnsConnection, Channels, type Credentials, JwtCache, PayloadSchema } from "effect-apns"
   *
   * export const layer = (credentials: Credentials.TokenCredentials, topic: string) =>
   *   Layer.mergeAll(
   *     Apns.layerNoDeps({ topic }).pipe(
   *       Layer.provide([ApnsConnection.layer({ environment: "production" }), PayloadSchema.layer])
   *     ),
   *     Channels.layerNoDeps({ topic }).pipe(
   *       Layer.provide(ApnsConnection.layerManagement({ environment: "production" }))
   *     )
   *   ).pipe(Layer.provide(JwtCache.layer(credentials)))
   * ```
   */
  static readonly layerNoDeps = (
    options: ChannelsOptions
  ): Layer.Layer<Channels, ApnsError, ApnsConnection | JwtCache> => Layer.effect(Channels, make(options))
}

/** A 500 does not say that no channel was made. */
const unlessMade = (schedule: NonNullable<SendOptions["retry"]>) =>
  Schedule.while(schedule, ({ input }) => input.reason._tag !== "InternalServerError")

const make = Effect.fnUntraced(function* (
  options: ChannelsOptions
): Effect.fn.Return<Channels["Service"], ApnsError, ApnsConnection | JwtCache> {
  const { retry, topic = "" } = options
  const problem = bundleIdProblem(topic)
  if (problem !== undefined) {
    return yield* new ApnsError({ reason: new InvalidConfiguration({ setting: "topic", ...problem }) })
  }
  const connection = yield* ApnsConnection
  const steadyMillis = yield* steadyNow
  const timeoutMillis = yield* timeoutMillisOf(options.timeout)

  const onceMade = (yield* makeExchange(connection, { retry: unlessMade(retry ?? Retry.schedule) })).run
  const whileUnsent = (yield* makeExchange(connection, { retry })).run
  const always = (yield* makeExchange(connection, { retry, replayUnknown: true })).run

  const prepared =
    <A>(operation: Parameters<typeof prepare<A>>[0]) =>
    (request: Omit<ChannelRequest, "requestId"> & ChannelRequestOptions) => {
      const requestId = request.requestId ?? crypto.randomUUID()
      return prepare(operation, { ...request, requestId }, topic, steadyMillis(), timeoutMillis)
    }
  const toCreate = prepared(creating)
  const toRead = prepared(reading)
  const toDelete = prepared(deleting)
  const toList = prepared(listing)

  const list = (options?: ChannelRequestOptions) => always(toList, { requestId: options?.requestId })

  return {
    create: ({ requestId, storage }) => onceMade(toCreate, { requestId, storage }),
    read: (channel, options) => always(toRead, { channel, requestId: options?.requestId }),
    delete: (channel, options) => whileUnsent(toDelete, { channel, requestId: options?.requestId }),
    list,
    remaining: (options) => Effect.map(list(options), ({ channels }) => Math.max(0, maximumChannels - channels.length))
  }
})
