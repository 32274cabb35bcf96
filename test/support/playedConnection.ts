/** The logical connection as the library builds it, over a peer that is played by hand; timers are those of the test's clock. */
import { Clock, Effect, FiberSet, Layer } from "effect"
import { Apns, ApnsConnection, JwtCache, PayloadSchema, type SendOptions } from "effect-apns"
import { LogicalConnection } from "../../packages/apns/src/internal/logicalConnection.ts"
import { requestBy, type Submit, withSubmit } from "../../packages/apns/src/internal/submit.ts"
import { type FakePeer, fakePeer } from "./fakeTransport.ts"

export const playedConnection = (peer: FakePeer): Layer.Layer<ApnsConnection> =>
  Layer.effect(
    ApnsConnection,
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const run = yield* FiberSet.makeRuntime()
      const connection = new LogicalConnection({
        endpoint: { host: "push.test", port: 443, connectTimeoutMillis: 10_000 },
        connect: peer.connect,
        pool: {
          maxSessions: 1,
          idlePingMillis: Number.POSITIVE_INFINITY,
          silencePingMillis: Number.POSITIVE_INFINITY,
          pingTimeoutMillis: 5000
        },
        now: () => clock.currentTimeMillisUnsafe(),
        later: (millis, task) => {
          const fiber = run(Effect.andThen(Effect.sleep(millis), Effect.sync(task)))
          return () => fiber.interruptUnsafe()
        },
        loopTime: () => ({ idle: clock.currentTimeMillisUnsafe(), active: 0 })
      })
      const submit: Submit = (request, listener) => connection.submit(request, request.deadlineMillis, listener)
      return withSubmit(
        {
          address: connection.address,
          request: (request) => requestBy(submit, request, (error) => error),
          retire: (name) => Effect.sync(() => connection.retire(name))
        },
        submit,
        () => connection.streamsAllowed
      )
    })
  )

/** An `Apns` over it, and the peer. */
export const played = (options?: SendOptions) => {
  const peer = fakePeer()
  const layer = Apns.layerNoDeps({ topic: "com.example.app", ...options }).pipe(
    Layer.provide([playedConnection(peer), JwtCache.layerNone, PayloadSchema.layer])
  )
  return { peer, layer }
}
