/**
 * What `Tenants` keeps: targets, the connections and the provider tokens they share.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RcMap from "effect/RcMap"
import * as Scope from "effect/Scope"
import { Apns, layerFrom, type Sources } from "../Apns.ts"
import { ApnsConnection } from "../ApnsConnection.ts"
import { ApnsError } from "../ApnsError.ts"
import type { TokenCredentials } from "../Credentials.ts"
import { JwtCache } from "../JwtCache.ts"
import type { Reason } from "../Reason.ts"
import type { Options, Target, TargetInput, Tenants } from "../Tenants.ts"
import type { CertificateTrust, TokenTrust } from "../Trust.ts"
import { type ConnectionKey, connectionKey } from "./connectionKey.ts"
import { Draining, drainingOf } from "./draining.ts"
import { keyed, taken } from "./keyed.ts"
import { broadcastError, notificationError } from "./sendErrors.ts"
import { closed, lookupIn, lookupLate } from "./tenantProblems.ts"
import { keyOf, nameOf, targetOf, targetOfKey } from "./tenantTarget.ts"

/** What a target provides: the kind of its credentials is known when it is looked up, not before. */
type Sending = Apns | TokenTrust | CertificateTrust

export const makeTenants = Effect.fnUntraced(function* <R>(
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

  /** Those of the targets that are open. */
  const open = new Set<Draining>()
  const draining = new Draining(
    Effect.suspend(() => Effect.forEach([...open], ({ drain }) => drain, { concurrency: "unbounded", discard: true }))
  )

  const targets = yield* keyed((key: string): Effect.Effect<Context.Context<Sending>, Reason, R | Scope.Scope> => {
    const target = targetOfKey(key)
    return configOf(target).pipe(
      Effect.flatMap((config) => Layer.build(layerFrom(config, sourcesOf(key), nameOf(target)))),
      Effect.tap((context) => {
        const own = drainingOf(Context.get(context, Apns))
        if (own === undefined) return Effect.void
        return Effect.acquireRelease(
          Effect.sync(() => open.add(own)),
          () => Effect.sync(() => open.delete(own))
        ).pipe(Effect.andThen(draining.isAsked ? own.drain : Effect.void))
      }),
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
    if (draining.isAsked) return Effect.fail(errorOf(nameOf(target), closed(target)))
    return Effect.scoped(
      Effect.matchCauseEffect(taken(targets, keyOf(target)), {
        onFailure: (cause) => Effect.mapError(failed(target, cause), (reason) => errorOf(nameOf(target), reason)),
        onSuccess: (context) => use(Context.get(context, Apns))
      })
    )
  }

  return {
    draining,
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
        taken(targets, keyOf(target)).pipe(
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
