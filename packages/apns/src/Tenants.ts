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
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Apns, type BroadcastReceipt, type Config, type Receipt } from "./Apns.ts"
import type { ApnsError } from "./ApnsError.ts"
import type { Broadcast } from "./Broadcast.ts"
import type { TokenCredentials } from "./Credentials.ts"
import type * as Environment from "./Environment.ts"
import { withInside } from "./internal/dispatch.ts"
import { type Draining, drainingOf } from "./internal/draining.ts"
import { broadcastError, notificationError } from "./internal/sendErrors.ts"
import { unrouted } from "./internal/tenantProblems.ts"
import { makeTenants } from "./internal/tenants.ts"
import { nameOf, targetOf } from "./internal/tenantTarget.ts"
import type { JwtCache } from "./JwtCache.ts"
import type { Notification } from "./Notification.ts"
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
    /** What `drain` needs, of all targets. */
    readonly draining?: Draining | undefined
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
   *   `Tenants.drain` does the same before fibers are interrupted.
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
    Layer.effect(Tenants, makeTenants(options))

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

  /** Takes nothing more for any target, and waits until everything under way has its outcome: `drain` of `effect-apns`. */
  static readonly drain: Effect.Effect<void, never, Tenants> = Effect.flatMap(
    Tenants,
    (tenants) => drainingOf(tenants)?.drain ?? Effect.void
  )

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
      Effect.map(Tenants, (tenants) =>
        withInside(
          {
            draining: tenants.draining,
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
          },
          { targetOf: (notification) => nameOfTarget(route(notification)) }
        )
      )
    ).pipe(Layer.merge(trusts))
}

const nameOfTarget = (target: TargetInput | undefined): string | undefined => target && nameOf(targetOf(target))
