/**
 * One client for many: teams, keys or certificates, and both of Apple's environments.
 *
 * A target (a tenant and an environment) is looked up when it is first used. What it needs is shared with every target of
 * the same credentials: one connection for each (credentials, environment), one provider token for each key. APNs binds a
 * connection to the team of the first token on it (Apple, "Establishing a token-based connection to APNs"): no connection
 * is ever shared between two keys or certificates.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RcMap from "effect/RcMap"
import * as Scope from "effect/Scope"
import { Apns, type BroadcastReceipt, type Config, layerFrom, type Receipt, type Sources } from "./Apns.ts"
import { ApnsConnection, type Config as ConnectionConfig } from "./ApnsConnection.ts"
import { ApnsError } from "./ApnsError.ts"
import type { Broadcast } from "./Broadcast.ts"
import type { Credentials, TokenCredentials } from "./Credentials.ts"
import * as Environment from "./Environment.ts"
import { broadcastError, notificationError } from "./internal/sender.ts"
import { JwtCache } from "./JwtCache.ts"
import type { Notification } from "./Notification.ts"
import { ConnectionFailed, InvalidConfiguration, InvalidNotification, type Reason } from "./Reason.ts"
import { type CertificateTrust, type TokenTrust, trusts } from "./Trust.ts"

/**
 * Whom to send for, and where to. Two targets of the same tenant and environment are the same target.
 *
 * @category models
 * @since 0.1.0
 */
export interface Target {
  /** Your own name for the app, team or customer. It stands in errors: make it no secret. */
  readonly tenant: string
  readonly environment: "production" | "sandbox"
}

/**
 * A target, or the name of a tenant in production.
 *
 * @category models
 * @since 0.1.0
 */
export type TargetInput =
  | string
  | { readonly tenant: string; readonly environment?: "production" | "sandbox" | undefined }

/**
 * A notification that may name its target; see `Tenants.to`.
 *
 * @category models
 * @since 0.1.0
 */
export interface TargetedNotification extends Notification {
  readonly target?: TargetInput | undefined
}

/**
 * A broadcast that may name its target; see `Tenants.to`.
 *
 * @category models
 * @since 0.1.0
 */
export interface TargetedBroadcast extends Broadcast {
  readonly target?: TargetInput | undefined
}

/** What a target provides: the kind of its credentials is known when it is looked up, not before. */
type Sending = Apns | TokenTrust | CertificateTrust

/**
 * What sending for a target takes: the settings of `Apns.layer`.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface TargetConfig extends Omit<Config, "environment"> {
  /** A server of your own, in place of Apple's for the target's environment. */
  readonly environment?: Environment.Server | undefined
}

/**
 * Settings of `Tenants.layer`.
 *
 * @category configuration
 * @since 0.1.0
 */
export type Options<R = never> = {
  /** How long a target may be out of use before it is closed. Default: 10 minutes. */
  readonly idleTimeToLive?: Duration.Input | undefined
  /** How long `lookup` and loading the credentials may take. Default: 10 seconds. */
  readonly lookupTimeout?: Duration.Input | undefined
  /**
   * Where provider tokens come from. Default: `JwtCache.layer`. Give `JwtCache.layerShared` to share them with other
   * processes.
   */
  readonly token?: ((credentials: TokenCredentials) => Layer.Layer<JwtCache, ApnsError, R>) | undefined
} & (
  | {
      /** Finds what a target needs: in a file, a database, a store of secrets. */
      readonly lookup: (target: Target) => Effect.Effect<TargetConfig, ApnsError, R>
    }
  | {
      /** What each tenant needs, by name. */
      readonly tenants: Readonly<Record<string, TargetConfig>>
    }
)

/**
 * Sends for many tenants.
 *
 * **When to use**
 *
 * Use when one program sends with several keys or certificates, or to both environments. With one key and one environment,
 * `Apns.layer` is all there is to it.
 *
 * - `Tenants.send(target, notification)`: the target is at hand where the notification is sent.
 * - `Tenants.get(target)`: an `Apns` for one target, for a program that sends many to it.
 * - `Tenants.layerApns()`: an `Apns` for all targets, which asks the notification (`Tenants.to`) or a function of yours.
 *
 * @category services
 * @since 0.1.0
 */
export class Tenants extends Context.Service<
  Tenants,
  {
    /** See `Tenants.send`. */
    readonly send: (target: TargetInput, notification: Notification) => Effect.Effect<Receipt, ApnsError>
    /** See `Tenants.broadcast`. */
    readonly broadcast: (target: TargetInput, broadcast: Broadcast) => Effect.Effect<BroadcastReceipt, ApnsError>
    /** See `Tenants.get`. */
    readonly get: (target: TargetInput) => Layer.Layer<Apns | TokenTrust | CertificateTrust, ApnsError>
    /** See `Tenants.invalidate`. */
    readonly invalidate: (target: TargetInput) => Effect.Effect<void>
  }
>()("effect-apns/Tenants") {
  /**
   * Looks targets up when they are first used, and keeps what they need until they are idle or the layer's scope closes.
   *
   * **Details**
   *
   * - Targets of the same credentials, server, port, proxy, trust and timeouts of the connection share one connection; targets of the
   *   same key share one provider token, whatever their environment.
   * - A lookup runs once, however many sends wait for it. One that fails fails those sends; the next send looks up again.
   * - A target that has been out of use for `idleTimeToLive` is closed, its connection with it unless another target uses
   *   it. A send in flight is use.
   * - Provider tokens are kept until the layer's scope closes: a key that came back from idleness with a new token would
   *   break Apple's limit of one in 20 minutes.
   * - When the scope closes, all connections close at once; sends in flight are given the `drainTimeout` of their target.
   *
   * **Example** (Credentials from a store of your own)
   *
   * ```ts
   * import { Effect, Redacted } from "effect"
   * import { Credentials, Tenants } from "effect-apns"
   *
   * declare const rowOf: (tenant: string) => Effect.Effect<Record<"teamId" | "keyId" | "p8" | "bundleId", string>>
   *
   * export const TenantsLive = Tenants.layer({
   *   lookup: ({ tenant }) =>
   *     Effect.map(rowOf(tenant), ({ teamId, keyId, p8, bundleId }) => ({
   *       credentials: Credentials.token({ teamId, keyId, privateKey: Redacted.make(p8) }),
   *       topic: bundleId
   *     }))
   * })
   * ```
   */
  static readonly layer = <R = never>(options: Options<R>): Layer.Layer<Tenants, never, R> =>
    Layer.effect(Tenants, make(options))

  /**
   * Sends one notification for a target and waits for APNs to accept or refuse it: `send` of `effect-apns`, for a target.
   *
   * **Details**
   *
   * Fails with an `ApnsError` that names the target: as `send` does, or with the reason its lookup, its credentials or its
   * settings gave. Nothing was sent in those cases.
   *
   * **Example** (Sandbox and production side by side)
   *
   * ```ts
   * import { Notification, Tenants } from "effect-apns"
   *
   * export const welcome = (device: string, environment: "production" | "sandbox") =>
   *   Tenants.send({ tenant: "acme", environment }, Notification.alert({ device, alert: "Welcome" }))
   * ```
   */
  static readonly send = (
    target: TargetInput,
    notification: Notification
  ): Effect.Effect<Receipt, ApnsError, Tenants> =>
    Effect.flatMap(Tenants, (tenants) => tenants.send(target, notification))

  /** Sends one broadcast for a target: `broadcast` of `effect-apns`, for a target. Fails as `Tenants.send` does. */
  static readonly broadcast = (
    target: TargetInput,
    broadcast: Broadcast
  ): Effect.Effect<BroadcastReceipt, ApnsError, Tenants> =>
    Effect.flatMap(Tenants, (tenants) => tenants.broadcast(target, broadcast))

  /**
   * The `Apns` of a target. The target is in use for as long as the layer is.
   *
   * **Example** (Many notifications for one tenant)
   *
   * ```ts
   * import { Effect } from "effect"
   * import { Notification, send, Tenants } from "effect-apns"
   *
   * export const announce = (devices: ReadonlyArray<string>) =>
   *   Effect.forEach(devices, (device) => send(Notification.alert({ device, alert: "Sale" })), { concurrency: 100 }).pipe(
   *     Effect.provide(Tenants.get("acme"))
   *   )
   * ```
   */
  static readonly get = (target: TargetInput): Layer.Layer<Apns | TokenTrust | CertificateTrust, ApnsError, Tenants> =>
    Layer.unwrap(Effect.map(Tenants, (tenants) => tenants.get(target)))

  /**
   * Forgets a target: the next use looks it up again and opens another connection. Sends in flight finish on the old one,
   * which is closed after them.
   *
   * **When to use**
   *
   * Use when the credentials of a tenant were rotated or revoked, when an app was added to its team, or moved to another:
   * a connection knows the apps that the team had when it was opened (Apple, "Establishing a token-based connection to
   * APNs").
   *
   * **Details**
   *
   * Other targets of the same credentials stay on the old connection until they are invalidated, too, or idle; then they
   * share the new one.
   */
  static readonly invalidate = (target: TargetInput): Effect.Effect<void, never, Tenants> =>
    Effect.flatMap(Tenants, (tenants) => tenants.invalidate(target))

  /**
   * Names the target of a notification or a broadcast, for `Tenants.layerApns`.
   *
   * **Example** (A target as part of the notification)
   *
   * ```ts
   * import { Notification, send, Tenants } from "effect-apns"
   *
   * export const hello = (device: string) =>
   *   send(Tenants.to({ tenant: "acme", environment: "sandbox" }, Notification.alert({ device, alert: "Hello" })))
   * ```
   */
  static readonly to = <N extends Notification | Broadcast>(
    target: TargetInput,
    sent: N
  ): N & { readonly target: TargetInput } => ({ ...sent, target })

  /**
   * One `Apns` for all tenants: each notification goes to the target that `route` gives, and each broadcast to that of
   * `routeBroadcast`. Default: the one it names.
   *
   * **Details**
   *
   * What has no target fails with `InvalidNotification` (field `target`).
   *
   * **Example** (Plain sends, routed by topic)
   *
   * ```ts
   * import { Layer } from "effect"
   * import { type Apns, Tenants } from "effect-apns"
   *
   * const tenantOf: Readonly<Record<string, string>> = { "com.acme.shop": "acme", "com.beta.mail": "beta" }
   *
   * export const routed: Layer.Layer<Apns, never, Tenants> = Tenants.layerApns(({ topic }) => tenantOf[topic ?? ""])
   * ```
   */
  static readonly layerApns = (
    route: (notification: TargetedNotification) => TargetInput | undefined = ({ target }) => target,
    routeBroadcast: (broadcast: TargetedBroadcast) => TargetInput | undefined = ({ target }) => target
  ): Layer.Layer<Apns | TokenTrust | CertificateTrust, never, Tenants> =>
    Layer.effect(
      Apns,
      Effect.map(Tenants, (tenants) => ({
        send: (notification) =>
          Effect.suspend(() => {
            const target = route(notification)
            return target === undefined
              ? Effect.fail(notificationError(notification, undefined, unrouted, 0))
              : tenants.send(target, notification)
          }),
        broadcast: (broadcast) =>
          Effect.suspend(() => {
            const target = routeBroadcast(broadcast)
            return target === undefined
              ? Effect.fail(broadcastError(broadcast, undefined, unrouted, 0))
              : tenants.broadcast(target, broadcast)
          })
      }))
    ).pipe(Layer.merge(trusts))
}

const unrouted = new InvalidNotification({
  field: "target",
  problem: "is missing",
  cure: "Name it with Tenants.to, or return it from the route given to Tenants.layerApns."
})

const targetOf = (input: TargetInput): Target =>
  typeof input === "string"
    ? { tenant: input, environment: "production" }
    : { tenant: input.tenant, environment: input.environment ?? "production" }

// The maps' keys are strings: hashing an object takes longer than all the rest of a look into a map.
const keyOf = ({ environment, tenant }: Target) => `${environment}/${tenant}`

const targetOfKey = (key: string): Target => {
  const end = key.indexOf("/")
  // What `keyOf` wrote; a name that only an untyped caller can give is refused where the environment is resolved.
  return { environment: key.slice(0, end) as Target["environment"], tenant: key.slice(end + 1) }
}

const nameOf = ({ environment, tenant }: Target) =>
  `${String(tenant)
    .slice(0, 100)
    .replaceAll(/\p{Cc}/gu, "?")} (${environment})`

const lookupIn =
  (tenants: Readonly<Record<string, TargetConfig>>) =>
  ({ tenant }: Target): Effect.Effect<TargetConfig, ApnsError> => {
    const config = Object.hasOwn(tenants, tenant) ? tenants[tenant] : undefined
    return config === undefined ? Effect.fail(unknownTenant) : Effect.succeed(config)
  }

const unknownTenant = new ApnsError({
  reason: new InvalidConfiguration({
    setting: "tenants",
    problem: "has no tenant of that name",
    cure: "Add it to the `tenants` of Tenants.layer, or correct the name."
  })
})

const lookupLate = (target: Target, timeout: Duration.Duration) =>
  new ApnsError({
    reason: new ConnectionFailed({
      address: nameOf(target),
      step: "connect",
      problem: `its lookup took more than ${Duration.format(timeout)}`,
      cure: "See what `lookup` waits for, or give it a longer `lookupTimeout`.",
      transient: true
    })
  })

const closed = (target: Target) =>
  new ConnectionFailed({
    address: nameOf(target),
    step: "closed",
    problem: "the layer of Tenants was closed by this program",
    cure: "Keep the layer's scope open until every send has ended.",
    transient: false
  })

/** What connections are told apart by: the credentials as a whole, so that a key that is wrong gets none of another's. */
interface ConnectionKey {
  readonly credentials: Credentials
  readonly config: ConnectionConfig
}

const connectionKey = (config: ConnectionConfig, credentials: Credentials) =>
  Effect.fromResult(Environment.resolve(config.environment, config.port)).pipe(
    Effect.mapError((reason) => new ApnsError({ reason })),
    Effect.map(
      (environment): ConnectionKey => ({
        credentials,
        config: {
          environment,
          certificate: config.certificate,
          proxy: config.proxy,
          ca: config.ca,
          extraCa: config.extraCa,
          pins: config.pins,
          connectTimeout: config.connectTimeout && Duration.toMillis(config.connectTimeout),
          drainTimeout: config.drainTimeout && Duration.toMillis(config.drainTimeout),
          maxSessions: config.maxSessions,
          idlePing: config.idlePing && Duration.toMillis(config.idlePing),
          silencePing: config.silencePing && Duration.toMillis(config.silencePing),
          pingTimeout: config.pingTimeout && Duration.toMillis(config.pingTimeout),
          warmUp: config.warmUp,
          slowDown: config.slowDown
        }
      })
    )
  )

/**
 * Builds what a key stands for on its first use, with the services of the layer: those of the send that happens to come
 * first are no concern of the others. What could not be built is forgotten, so that the next use tries again.
 */
const keyed = <K, A, E, R>(
  build: (key: K) => Effect.Effect<A, E, R | Scope.Scope>,
  idleTimeToLive: Duration.Input
): Effect.Effect<RcMap.RcMap<K, A, E>, never, R | Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R | Scope.Scope>()
    const map: RcMap.RcMap<K, A, E> = yield* RcMap.make({
      lookup: (key: K) =>
        build(key).pipe(
          Effect.onError(() => RcMap.invalidate(map, key)),
          Effect.updateContext((first: Context.Context<Scope.Scope>) =>
            Context.add(context, Scope.Scope, Context.get(first, Scope.Scope))
          )
        ),
      idleTimeToLive
    })
    return map
  })

const make = Effect.fnUntraced(function* <R>(
  options: Options<R>
): Effect.fn.Return<Tenants["Service"], never, R | Scope.Scope> {
  const lookup = "lookup" in options ? options.lookup : lookupIn(options.tenants)
  const lookupTimeout = Duration.fromInputUnsafe(options.lookupTimeout ?? "10 seconds")

  const layerToken: (credentials: TokenCredentials) => Layer.Layer<JwtCache, ApnsError, R> =
    options.token ?? JwtCache.layer
  const tokens = yield* keyed(
    (credentials: TokenCredentials) => Layer.build(layerToken(credentials)),
    Duration.infinity
  )

  const connections = yield* keyed(
    ({ config }: ConnectionKey) =>
      Effect.acquireRelease(Scope.fork(together), Scope.close).pipe(
        Effect.flatMap((scope) => Layer.buildWithScope(ApnsConnection.layer(config), scope))
      ),
    Duration.zero
  )

  interface Use {
    readonly key: ConnectionKey
    readonly connection: Context.Context<ApnsConnection>
  }

  /** The connections that each target uses: one, and another where broadcasts have a server of their own. */
  const inUse = new Map<string, ReadonlyArray<Use>>()
  const usesOf = (target: string): ReadonlyArray<Use> => inUse.get(target) ?? []

  const sourcesOf = (target: string): Sources => ({
    token: (credentials) => Layer.effectContext(RcMap.get(tokens, credentials)),
    connection: (config, credentials) =>
      Layer.effectContext(
        Effect.gen(function* () {
          const key = yield* connectionKey(config, credentials)
          const connection = yield* RcMap.get(connections, key)
          const use = { key, connection }
          yield* Effect.acquireRelease(
            Effect.sync(() => inUse.set(target, [...usesOf(target), use])),
            () =>
              Effect.sync(() => {
                const others = usesOf(target).filter((other) => other !== use)
                if (others.length === 0) inUse.delete(target)
                else inUse.set(target, others)
              })
          )
          return connection
        })
      )
  })

  /** Lets the next that needs a target's connection open another; who uses it keeps it. Done once for all its targets. */
  const leaveConnections = (target: string) =>
    Effect.scoped(
      Effect.suspend(() =>
        Effect.forEach(
          usesOf(target),
          (used) =>
            Effect.flatMap(RcMap.getOption(connections, used.key), (current) =>
              Option.isSome(current) && current.value === used.connection
                ? RcMap.invalidate(connections, used.key)
                : Effect.void
            ),
          { discard: true }
        )
      )
    )

  const configOf = (target: Target) =>
    Effect.gen(function* () {
      const config = yield* lookup(target)
      const credentials = Effect.isEffect(config.credentials) ? yield* config.credentials : config.credentials
      return { ...config, credentials, environment: config.environment ?? target.environment }
    }).pipe(
      Effect.timeoutOrElse({
        duration: lookupTimeout,
        orElse: () => Effect.fail(lookupLate(target, lookupTimeout))
      })
    )

  const targets = yield* keyed((key: string): Effect.Effect<Context.Context<Sending>, Reason, R | Scope.Scope> => {
    const target = targetOfKey(key)
    return configOf(target).pipe(
      Effect.flatMap((config) => Layer.build(layerFrom(config, sourcesOf(key), nameOf(target)))),
      Effect.mapError(({ reason }) => reason)
    )
  }, options.idleTimeToLive ?? "10 minutes")

  // Closed first, and all its connections at the same time: in a row, each could take its whole drainTimeout.
  const together = yield* Scope.fork(yield* Effect.scope, "parallel")

  /** Why a target's Apns cannot be had. A closed map interrupts whoever asks; but nobody interrupted them. */
  const failed = (target: Target, cause: Cause.Cause<Reason>): Effect.Effect<never, Reason> =>
    targets.state._tag === "Closed" && Cause.hasInterruptsOnly(cause)
      ? Effect.fail(closed(target))
      : Effect.failCause(cause)

  /** Uses the `Apns` of a target; `errorOf` names what was to be sent, where there is none. */
  const using = <A>(
    input: TargetInput,
    errorOf: (target: string, reason: Reason) => ApnsError,
    use: (apns: Apns["Service"]) => Effect.Effect<A, ApnsError>
  ): Effect.Effect<A, ApnsError> => {
    const target = targetOf(input)
    return Effect.scoped(
      Effect.matchCauseEffect(RcMap.get(targets, keyOf(target)), {
        onFailure: (cause) => Effect.mapError(failed(target, cause), (reason) => errorOf(nameOf(target), reason)),
        onSuccess: (context) => use(Context.get(context, Apns))
      })
    )
  }

  return {
    send: (input, notification) =>
      using(
        input,
        (target, reason) => notificationError(notification, target, reason, 0),
        (apns) => apns.send(notification)
      ),
    broadcast: (input, broadcast) =>
      using(
        input,
        (target, reason) => broadcastError(broadcast, target, reason, 0),
        (apns) => apns.broadcast(broadcast)
      ),
    get: (input) => {
      const target = targetOf(input)
      return Layer.effectContext(
        RcMap.get(targets, keyOf(target)).pipe(
          Effect.catchCause((cause) => failed(target, cause)),
          Effect.mapError((reason) => new ApnsError({ reason, target: nameOf(target) }))
        )
      )
    },
    invalidate: (input) => {
      const target = keyOf(targetOf(input))
      return Effect.andThen(Effect.ignore(leaveConnections(target)), RcMap.invalidate(targets, target))
    }
  }
})
