import * as Net from "node:net"
import * as Tls from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Context, Effect, Layer, Schedule } from "effect"
import { Apns, type Config, Metrics, Notification, send } from "effect-apns"
import { type Address, Addresses, avoidMillis, inOrder } from "../../packages/apns/src/internal/addresses.ts"
import { classify, isOfEveryAddress } from "../../packages/apns/src/internal/connectFailure.ts"
import { socketFailed } from "../../packages/apns/src/internal/proxyFailure.ts"
import { Resolver } from "../../packages/apns/src/internal/resolver.ts"
import type { Resolve } from "../../packages/apns/src/internal/transport.ts"
import { observed } from "../support/observed.ts"
import { clientOf, device } from "../support/simulated.ts"
import { until } from "../support/waiting.ts"

const v4 = (...addresses: ReadonlyArray<string>): ReadonlyArray<Address> =>
  addresses.map((address) => ({ address, family: 4 }))
const v6 = (...addresses: ReadonlyArray<string>): ReadonlyArray<Address> =>
  addresses.map((address) => ({ address, family: 6 }))

describe("the order of addresses", () => {
  const until = (untilMillis: number) => ({ failures: 1, untilMillis })
  it.each<
    [
      string,
      ReadonlyArray<Address>,
      Record<string, number>,
      Record<string, { failures: number; untilMillis: number }>,
      string
    ]
  >([
    ["the resolver's", v4("b", "a", "c"), {}, {}, "b a c"],
    ["what the fewest sessions have first", v4("a", "b", "c"), { a: 2, b: 1, c: 1 }, {}, "b c a"],
    ["the family that the resolver prefers first", [...v6("a", "b"), ...v4("c")], { a: 1, b: 1 }, {}, "a b c"],
    ["with families mixed", [...v4("a"), ...v6("b"), ...v4("c")], { a: 1 }, {}, "c a b"],
    ["avoided ones last", v4("a", "b", "c"), { b: 1, c: 1 }, { a: until(1001) }, "b c a"],
    ["not avoided any more", v4("a", "b"), {}, { a: until(1000) }, "a b"],
    ["the other family before those that are avoided", [...v6("a"), ...v4("b")], {}, { a: until(2000) }, "b a"],
    [
      "all avoided: least long first",
      v4("a", "b", "c"),
      {},
      { a: until(3000), b: until(2000), c: until(4000) },
      "b a c"
    ],
    ["none at all", [], {}, {}, ""]
  ])("is %s", (_, found, sessions, avoided, order) => {
    const ordered = inOrder(found, new Map(Object.entries(sessions)), new Map(Object.entries(avoided)), 1000)
    assert.strictEqual(ordered.map(({ address }) => address).join(" "), order)
  })

  it("avoids from 10 seconds, doubling to 10 minutes, with jitter", () => {
    assert.deepStrictEqual(
      [1, 2, 3, 7, 1000].map((failures) => avoidMillis(failures, 0.5)),
      [10_000, 20_000, 40_000, 600_000, 600_000]
    )
    assert.deepStrictEqual([avoidMillis(1, 0), avoidMillis(2, 0.25)], [8000, 18_000])
  })

  it("remembers no address for ever", () => {
    const addresses = new Addresses()
    for (let n = 0; n < 1000; n++) addresses.failed(`192.0.2.${n}`, 1000, 0.5)
    assert.strictEqual(addresses.avoidedAt(1001), 1000)
    assert.strictEqual(addresses.failed("192.0.2.0", 700_000, 0.5), 10_000)
    assert.strictEqual((addresses as unknown as { readonly avoided: Map<string, unknown> }).avoided.size, 1)
  })
})

describe("what keeps a session from being opened", () => {
  const error = (code: string) =>
    Object.assign(new Error(`connect ${code} 192.0.2.1:443`), { code, syscall: "connect" })
  const ca = Tls.rootCertificates[0]

  it.each([
    ["EMFILE", {}, true],
    ["ENFILE", {}, true],
    ["ENOBUFS", {}, true],
    ["ECONNREFUSED", { ca }, false],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", { ca }, true],
    ["SELF_SIGNED_CERT_IN_CHAIN", { ca }, true],
    // By the runtime's roots, it may be that one address.
    ["SELF_SIGNED_CERT_IN_CHAIN", {}, false],
    ["CERT_HAS_EXPIRED", { ca }, false],
    ["ERR_SSL_TLSV1_ALERT_CERTIFICATE_EXPIRED", {}, true]
  ])("says nothing of the address, or does: %s, %o", (code, endpoint, expected) => {
    assert.strictEqual(isOfEveryAddress(error(code), endpoint), expected)
  })

  it("is told with its cure where it is the limit of open files, through a proxy, too", () => {
    const direct = classify(error("EMFILE"), "connect")
    const proxied = socketFailed(
      { protocol: "http", host: "proxy.test", port: 3128, credentials: undefined, ca: undefined },
      error("EMFILE")
    )
    assert.match(direct.cure, /limit of open files \(`ulimit -n`/)
    assert.deepStrictEqual([direct.step, proxied.step, proxied.cure], ["connect", "proxy", direct.cure])
    assert.deepStrictEqual([direct.transient, proxied.transient], [true, true])
  })
})

/** Linux has the whole of 127.0.0.0/8 on the loopback. */
const [first, second, nobody, rude] = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"]
const linux = process.platform === "linux"

/** A simulator on the first address, another on the second with the same port, and their name. */
const twoServers = Effect.gen(function* () {
  const serverAt = (host: string, port?: number) =>
    Effect.map(Layer.build(Layer.fresh(Simulator.layer({ host, port }))), (context) => Context.get(context, Simulator))
  const a = yield* serverAt(first)
  const b = yield* serverAt(second, a.port)
  yield* b.registerKey({ ...a.key, pem: a.key.privateKey })
  return { a, b }
})

const resolver = (found: () => ReadonlyArray<Address>) => {
  const asked: Array<string> = []
  const resolve: Resolve = (host, onResolved) => {
    asked.push(host)
    setImmediate(() => onResolved(null, found()))
  }
  return { asked, layer: Layer.succeed(Resolver)(resolve) }
}

const hello = (n = 0) => Notification.alert({ device: device(n), alert: "Hello" })

describe.skipIf(!linux)("sessions to a name with several addresses", () => {
  const client = (a: Simulator["Service"], b: Simulator["Service"], config: Partial<Config> = {}) =>
    Apns.layer({
      ...clientOf(a),
      environment: { host: "localhost", port: a.port, ca: a.ca + b.ca },
      retry: Schedule.recurs(0),
      ...config
    })

  const connections = (simulator: Simulator["Service"]) => Effect.map(simulator.connections, ({ length }) => length)

  it.live("are spread over them, and each asks the resolver", () => {
    const { untraced, values } = observed()
    return Effect.gen(function* () {
      const { a, b } = yield* twoServers
      const { asked, layer } = resolver(() => v4(first, second))
      const receipts = yield* Effect.gen(function* () {
        yield* send(hello())
        for (const each of [a, b]) yield* each.inject({ effect: { _tag: "delay", millis: 40 }, times: 100_000 })
        yield* a.setMaxConcurrentStreams(4)
        yield* until(() => values(Metrics.streamsAllowed, "server")[""] === 4)
        const many = Effect.forEach(
          Array.from({ length: 80 }, (_, n) => n),
          (n) => send(hello(n)),
          { concurrency: "unbounded" }
        )
        // On a busy machine another session seems of use later: the queue waits for the program, not for the network.
        yield* Effect.repeat(many, { while: () => Effect.map(connections(b), (count) => count === 0) })
        return yield* many
      }).pipe(Effect.provide(client(a, b, { maxSessions: 2 }), { local: true }), Effect.provide(layer))
      assert.strictEqual(new Set(receipts.map(({ connection }) => connection)).size, 2)
      assert.deepStrictEqual([yield* connections(a), yield* connections(b)], [1, 1])
      assert.deepStrictEqual(asked, ["localhost", "localhost"])
    }).pipe(Effect.scoped, Effect.provide(untraced))
  })

  it.live("fall back within one attempt, and then avoid the address that failed; lines and gauge tell", () => {
    const { layer: watched, lines, values } = observed()
    return Effect.gen(function* () {
      const { a, b } = yield* twoServers
      const { layer } = resolver(() => v4(nobody, first, second))
      yield* Effect.gen(function* () {
        yield* send(hello())
        assert.deepStrictEqual(values(Metrics.addressesAvoided, "server"), { "": 1 })
        assert.deepStrictEqual(yield* connections(a), 1)
        yield* a.disconnectAll
        yield* until(() => values(Metrics.sessions, "server")["state=ready"] === 0)
        yield* send(hello())
        assert.deepStrictEqual([yield* connections(a), yield* connections(b)], [2, 0])
      }).pipe(Effect.provide(client(a, b), { local: true }), Effect.provide(layer))
      const told = lines.map(({ annotations, message }) => [message, annotations.address])
      assert.deepInclude(told, ["Avoiding an address of the server", nobody])
      assert.deepInclude(told, ["The session is ready", first])
      assert.deepInclude(told, ["The session was lost", first])
      assert.lengthOf(
        told.filter(([, address]) => address === nobody),
        1
      )
    }).pipe(Effect.scoped, Effect.provide(watched))
  })

  it.live("go to another address after one where TLS fails", () =>
    Effect.gen(function* () {
      const { a, b } = yield* twoServers
      const { layer } = resolver(() => v4(rude, second))
      yield* Effect.acquireRelease(
        Effect.callback<Net.Server>((resume) => {
          const server = Net.createServer((socket) => socket.once("data", () => socket.end("HTTP/1.1 400 No\r\n\r\n")))
          server.listen(a.port, rude, () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      yield* Effect.gen(function* () {
        const error = yield* Effect.flip(send(hello()))
        assert.isTrue(error.reason._tag === "ConnectionFailed" && error.reason.step === "tls", error.message)
        assert.strictEqual((yield* send(hello())).attempts, 1)
        assert.deepStrictEqual([yield* connections(a), yield* connections(b)], [0, 1])
      }).pipe(Effect.provide(client(a, b), { local: true }), Effect.provide(layer))
    }).pipe(Effect.scoped)
  )

  it.live("blame no address where the own `ca` is not the servers', for every address would have met that", () => {
    const { untraced, values } = observed()
    return Effect.gen(function* () {
      const { a, b } = yield* twoServers
      const { layer } = resolver(() => v4(first, second))
      const stranger = Tls.rootCertificates[0]
      yield* Effect.gen(function* () {
        for (const n of [1, 2]) {
          const { reason } = yield* Effect.flip(send(hello(n)))
          assert.isTrue(reason._tag === "ConnectionFailed" && reason.step === "tls" && reason.action === "fixConfig")
          assert.notProperty(reason, "sparesAddress")
        }
        assert.deepStrictEqual(values(Metrics.addressesAvoided, "server"), { "": 0 })
      }).pipe(
        Effect.provide(client(a, b, { environment: { host: "localhost", port: a.port, ca: stranger } }), {
          local: true
        }),
        Effect.provide(layer)
      )
    }).pipe(Effect.scoped, Effect.provide(untraced))
  })

  it.live("fail as any other when the name has none", () =>
    Effect.gen(function* () {
      const { a, b } = yield* twoServers
      const notFound: Resolve = (host, onResolved) =>
        setImmediate(() =>
          onResolved(
            Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND", syscall: "getaddrinfo" }),
            []
          )
        )
      const error = yield* Effect.flip(send(hello())).pipe(
        Effect.provide(client(a, b), { local: true }),
        Effect.provide(Layer.succeed(Resolver)(notFound))
      )
      assert.isTrue(error.reason._tag === "ConnectionFailed" && error.reason.step === "dns", error.message)
    }).pipe(Effect.scoped)
  )

  it.live("to an IP address ask no resolver", () =>
    Effect.gen(function* () {
      const { a, b } = yield* twoServers
      const { asked, layer } = resolver(() => v4(second))
      yield* send(hello()).pipe(
        Effect.provide(client(a, b, { environment: { host: "127.0.0.1", port: a.port, ca: a.ca } }), { local: true }),
        Effect.provide(layer),
        Effect.flip
      )
      assert.deepStrictEqual(asked, [])
    }).pipe(Effect.scoped)
  )
})
