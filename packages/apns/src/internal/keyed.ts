/**
 * Resources by key, shared while they are used.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Scope from "effect/Scope"
import { evenly } from "./steadyClock.ts"

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
        Effect.flatMap(closingBy(Context.get(context, Clock.Clock)), (scope) =>
          build(key).pipe(
            Effect.onError(() => RcMap.invalidate(map, key)),
            Effect.updateContext((_: Context.Context<never>) => Context.add(context, Scope.Scope, scope))
          )
        ),
      idleTimeToLive
    })
    return map
  })

/** A scope within the present one, which closes on a clock of its own. */
const closingBy = (clock: Clock.Clock) =>
  Effect.acquireRelease(Scope.make(), (scope, exit) =>
    Effect.provideService(Scope.close(scope, exit), Clock.Clock, clock)
  )

/**
 * What a key stands for, until the scope closes. How long it is idle then is told by the clock of who gives it back, and by
 * the time of the day: so it is given back on a clock that nobody sets.
 */
export const taken = <K, A, E>(map: RcMap.RcMap<K, A, E>, key: K): Effect.Effect<A, E, Scope.Scope> =>
  Effect.clockWith((clock) =>
    Effect.flatMap(closingBy(evenly(clock)), (scope) => Scope.provide(RcMap.get(map, key), scope))
  )
