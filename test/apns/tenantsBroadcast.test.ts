import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Apns, broadcast, Notification, send, Tenants } from "effect-apns"
import { device, topic } from "../support/simulated.ts"
import {
  apple,
  built,
  config,
  connections,
  hello,
  keys,
  openOnes,
  type Server,
  sandbox,
  started,
  teams,
  tokensOf,
  untilOpen
} from "../support/tenants.ts"

const match = "bWF0Y2g="
const race = "cmFjZQ=="

const goal = (channel: string, bundleId?: string) =>
  Notification.broadcast.update({
    channel,
    bundleId,
    priority: 10,
    expiration: "1 hour",
    timestamp: new Date(0),
    contentState: { score: 1 }
  })

const body = '{"aps":{"event":"update","timestamp":0,"content-state":{"score":1}}}'

/** The channels of a simulator that keep a broadcast, each with its body. */
const kept = (server: Server) =>
  Effect.map(server.channels, (all) =>
    all.flatMap(({ id, message }) => (message === undefined ? [] : [[id, message.body]]))
  )

const kinds = (server: Server) => Effect.map(server.received, (all) => all.map(({ kind }) => kind))

const registered = (server: Server, id: string) =>
  server.registerChannel({ bundleId: topic, id, storage: "mostRecent" })

/** A channel in each environment, and Tenants for both: `beta` with a key of its own. */
const environments = Effect.gen(function* () {
  const servers = yield* apple
  yield* registered(servers.production, match)
  yield* registered(servers.sandbox, race)
  const tenants = Tenants.layer({
    lookup: (target) => Effect.succeed(config(servers, target, target.tenant === "beta" ? keys.beta : keys.acme))
  })
  return { ...servers, tenants }
})

describe("a broadcast for a target", () => {
  it.effect("reaches the channel of its environment, on the connection of its notifications", () =>
    Effect.gen(function* () {
      const { production, sandbox: other, tenants } = yield* environments
      yield* Effect.gen(function* () {
        yield* Tenants.send("acme", hello())
        const receipt = yield* Tenants.broadcast("acme", goal(match))
        assert.strictEqual(receipt.attempts, 1)
        yield* Tenants.broadcast(sandbox("beta"), goal(race))
      }).pipe(Effect.provide(tenants))
      assert.deepStrictEqual(yield* kept(production), [[match, body]])
      assert.deepStrictEqual(yield* kept(other), [[race, body]])
      assert.deepStrictEqual(yield* kinds(production), ["device", "broadcast"])
      assert.deepStrictEqual(yield* teams(production), ["ACMETEAM01/ACMEKEY001"])
      assert.deepStrictEqual(yield* teams(other), ["BETATEAM01/BETAKEY001"])
    })
  )

  it.effect("finds no channel of the other environment; the error names target and channel", () =>
    Effect.gen(function* () {
      const { production, sandbox: other, tenants } = yield* environments
      const error = yield* Effect.flip(Tenants.broadcast(sandbox("acme"), goal(match))).pipe(Effect.provide(tenants))
      assert.strictEqual(error.reason._tag, "ChannelNotRegistered")
      assert.deepStrictEqual([error.target, error.channel, error.outcome], ["acme (sandbox)", match, "refused"])
      assert.deepStrictEqual([yield* kept(production), yield* kept(other)], [[], []])
    })
  )

  it.effect("fails as a send does when its lookup fails: nothing was sent", () =>
    Effect.gen(function* () {
      const { production, service } = yield* started({})
      const b = goal(match)
      const error = yield* Effect.flip(service.broadcast("acme", b))
      assert.strictEqual(error.reason._tag, "InvalidCredentials")
      assert.deepStrictEqual(
        [error.target, error.channel, error.requestId, error.outcome, error.attempts],
        ["acme (production)", match, b.id, "unsent", 0]
      )
      assert.deepStrictEqual(yield* kinds(production), [])
    })
  )
})

describe("one Apns for all targets", () => {
  it.effect("routes broadcasts by what they name", () =>
    Effect.gen(function* () {
      const { production, sandbox: other, tenants } = yield* environments
      yield* Effect.gen(function* () {
        yield* broadcast(Tenants.to("acme", goal(match)))
        yield* broadcast(Tenants.to(sandbox("beta"), goal(race)))
        const b = goal(match)
        const error = yield* Effect.flip(broadcast(b))
        assert.strictEqual(error.reason._tag, "InvalidNotification")
        assert.propertyVal(error.reason, "field", "target")
        assert.deepStrictEqual([error.outcome, error.attempts, error.requestId], ["unsent", 0, b.id])
      }).pipe(Effect.provide(Tenants.layerApns().pipe(Layer.provide(tenants))))
      assert.deepStrictEqual(yield* kept(production), [[match, body]])
      assert.deepStrictEqual(yield* kept(other), [[race, body]])
      assert.deepStrictEqual(yield* teams(other), ["BETATEAM01/BETAKEY001"])
    })
  )

  it.effect("routes them by a function of one's own, beside that of notifications", () =>
    Effect.gen(function* () {
      const { production, sandbox: other, tenants } = yield* environments
      const routed = Tenants.layerApns(
        () => "acme",
        ({ bundleId }) => (bundleId === undefined ? undefined : sandbox("beta"))
      ).pipe(Layer.provide(tenants))
      yield* Effect.gen(function* () {
        const apns = yield* Apns
        yield* apns.send(hello())
        yield* apns.broadcast(goal(race, topic))
        assert.propertyVal((yield* Effect.flip(apns.broadcast(goal(race)))).reason, "field", "target")
      }).pipe(Effect.provide(routed))
      assert.deepStrictEqual(yield* kinds(production), ["device"])
      assert.deepStrictEqual(yield* kinds(other), ["broadcast"])
      assert.deepStrictEqual(yield* kept(other), [[race, body]])
    })
  )
})

describe("a target whose broadcasts have a server of their own", () => {
  const servers = Effect.gen(function* () {
    const both = yield* apple
    const broadcasts = Context.get(
      yield* Layer.build(Simulator.layer({ keys: Object.values(keys), tokenUpdateScope: "key" })),
      Simulator
    )
    yield* registered(broadcasts, match)
    const { ca, host, port } = broadcasts
    const service = yield* built({
      lookup: (target) => Effect.succeed({ ...config(both, target, keys.acme), broadcastServer: { host, port, ca } })
    })
    const openAll = Effect.all([openOnes(both.production), openOnes(broadcasts)])
    const use = (tenant: string) =>
      Effect.andThen(service.send(tenant, hello()), service.broadcast(tenant, goal(match)))
    return { production: both.production, broadcasts, service, openAll, use }
  })

  it.effect("has two connections and one provider token; each carries what is its own", () =>
    Effect.gen(function* () {
      const { broadcasts, openAll, production, use } = yield* servers
      yield* use("acme")
      yield* use("acme")
      assert.deepStrictEqual(yield* openAll, [1, 1])
      assert.deepStrictEqual(yield* kinds(production), ["device", "device"])
      assert.deepStrictEqual(yield* kinds(broadcasts), ["broadcast", "broadcast"])
      assert.deepStrictEqual(yield* kept(broadcasts), [[match, body]])
      assert.strictEqual(yield* tokensOf(production, broadcasts), 1)
    })
  )

  it.effect("leaves both when it is invalidated, and opens both again", () =>
    Effect.gen(function* () {
      const { broadcasts, openAll, production, service, use } = yield* servers
      yield* use("acme")
      yield* service.invalidate("acme")
      yield* untilOpen(production, 0)
      yield* untilOpen(broadcasts, 0)
      yield* use("acme")
      assert.deepStrictEqual(yield* openAll, [1, 1])
      assert.lengthOf(yield* connections(production), 2)
      assert.lengthOf(yield* connections(broadcasts), 2)
    })
  )

  it.effect("leaves both to another that uses them, until that one is invalidated, too", () =>
    Effect.gen(function* () {
      const { broadcasts, openAll, production, service, use } = yield* servers
      yield* use("app")
      yield* use("watch")
      assert.deepStrictEqual(yield* openAll, [1, 1])
      yield* service.invalidate("app")
      yield* use("app")
      assert.deepStrictEqual(yield* openAll, [2, 2])
      yield* use("watch")
      assert.deepStrictEqual(yield* openAll, [2, 2])
      yield* service.invalidate("watch")
      yield* untilOpen(production, 1)
      yield* untilOpen(broadcasts, 1)
      yield* use("watch")
      assert.lengthOf(yield* connections(production), 2)
      assert.lengthOf(yield* connections(broadcasts), 2)
    })
  )

  it.effect("closes both when it is idle", () =>
    Effect.gen(function* () {
      const { broadcasts, openAll, production, use } = yield* servers
      yield* use("acme")
      yield* TestClock.adjust(10 * 60_000 - 1)
      assert.deepStrictEqual(yield* openAll, [1, 1])
      yield* TestClock.adjust(1)
      yield* untilOpen(production, 0)
      yield* untilOpen(broadcasts, 0)
    })
  )

  it.effect("serves the Apns of the target, too", () =>
    Effect.gen(function* () {
      const { broadcasts, production, service } = yield* servers
      yield* Effect.gen(function* () {
        yield* send(Notification.alert({ device: device(), alert: "Hello" }))
        yield* broadcast(goal(match))
      }).pipe(Effect.provide(service.get("acme")))
      assert.deepStrictEqual(yield* kinds(production), ["device"])
      assert.deepStrictEqual(yield* kinds(broadcasts), ["broadcast"])
    })
  )
})
