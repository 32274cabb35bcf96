/** The inbox has one face: what holds for the one in this process holds over HTTP. */
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { ControlServer } from "@effect-apns/simulator/ControlServer"
import { InboxClient } from "@effect-apns/simulator/InboxClient"
import { Effect, Fiber, Layer } from "effect"
import { connectWithToken, device, topic } from "../support.ts"

const overHttp = Layer.unwrap(Effect.map(ControlServer, ({ url }) => InboxClient.layer({ url }))).pipe(
  Layer.provide(ControlServer.layer())
)

const faces = [
  ["in this process", InboxClient.layerLocal],
  ["over HTTP", overHttp]
] as const

for (const [where, layer] of faces) {
  describe(`an inbox ${where}`, () => {
    const talk = <A, E>(
      use: (
        inbox: InboxClient["Service"],
        client: Effect.Success<ReturnType<typeof connectWithToken>>,
        simulator: Simulator["Service"]
      ) => Effect.Effect<A, E>
    ) =>
      Effect.gen(function* () {
        const simulator = yield* Simulator
        return yield* use(yield* InboxClient, yield* connectWithToken(simulator), simulator)
      }).pipe(Effect.scoped, Effect.provide(layer.pipe(Layer.provideMerge(Simulator.layer()))))

    it.live("lists what matches, from either end, in pages of any size", () =>
      talk((inbox, client) =>
        Effect.gen(function* () {
          for (let n = 0; n < 6; n++) yield* client.push({ headers: n % 2 === 0 ? {} : { "apns-priority": "7" } })
          const ids = (query: Parameters<typeof inbox.entries>[0]) =>
            Effect.map(inbox.entries(query), (entries) => entries.map(({ id }) => id))
          assert.deepStrictEqual(yield* ids(undefined), [6, 5, 4, 3, 2, 1])
          assert.deepStrictEqual(yield* ids({ order: "oldest", limit: 2 }), [1, 2])
          assert.deepStrictEqual(yield* ids({ after: 2, before: 5 }), [4, 3])
          assert.deepStrictEqual(yield* ids({ match: { outcome: "rejected" } }), [6, 4, 2])
          assert.deepStrictEqual(yield* ids({ match: { outcome: "rejected" }, limit: 1 }), [6])
          assert.deepStrictEqual(yield* ids({ match: { device: device.toUpperCase(), status: 200 } }), [5, 3, 1])
          assert.deepStrictEqual(yield* ids({ match: { device: device.slice(0, 8) } }), [])
          assert.deepInclude(yield* inbox.summary, { firstId: 1, lastId: 6, kept: 6 })
          assert.strictEqual((yield* inbox.get(3))?.topic, topic)
          assert.isUndefined(yield* inbox.get(7))
          yield* inbox.clear
          assert.deepStrictEqual(yield* ids({}), [])
        })
      )
    )

    it.live("waits for what is to come", () =>
      talk((inbox, client) =>
        Effect.gen(function* () {
          const waiting = yield* Effect.forkChild(inbox.waitFor({ outcome: "rejected", reason: "BadPriority" }))
          yield* client.push()
          yield* client.push({ headers: { "apns-priority": "7" } })
          assert.strictEqual((yield* Fiber.join(waiting)).id, 2)
          assert.strictEqual((yield* inbox.waitFor()).id, 1)
        })
      )
    )

    it.live("waits with a function, past what it does not want", () =>
      talk((inbox, client) =>
        Effect.gen(function* () {
          yield* client.push({ body: '{"n":1}' })
          yield* client.push({ body: '{"n":2}' })
          const waiting = yield* Effect.forkChild(inbox.waitFor(({ body }) => body === '{"n":4}', { after: 1 }))
          yield* client.push({ body: '{"n":3}' })
          yield* client.push({ body: '{"n":4}' })
          assert.strictEqual((yield* Fiber.join(waiting)).id, 4)
        })
      )
    )

    it.live("gives up in time, and tells what came instead", () =>
      talk((inbox, client) =>
        Effect.gen(function* () {
          yield* client.push()
          const error = yield* Effect.flip(inbox.waitFor({ topic: "com.example.none" }, { timeout: 30 }))
          assert.strictEqual(error._tag, "NothingReceived")
          assert.strictEqual(error.newest[0]?.id, 1)
          assert.include(error.message, "com.example.none")
        })
      )
    )
  })
}
