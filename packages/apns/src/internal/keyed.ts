/**
 * Resources by key, shared while they are used.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Scope from "effect/Scope"

/**
 * Builds what a key stands for on its first use, with the services of the layer: those of the send that happens to come
 * first are no concern of the others. What could not be built is forgotten, so that the next use tries again.
 */
export const keyed = <K, A, E, R>(
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
