import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Redacted, Schedule } from "effect"
import {
  ApnsError,
  Channels,
  type ChannelsOptions,
  isChannelId,
  JwtCache,
  maximumChannels,
  type ProviderToken,
  Reason
} from "effect-apns"
import {
  answered,
  fails,
  type Line,
  lost,
  refused,
  scripted,
  succeeds,
  turnedAway
} from "../support/scriptedConnection.ts"

const topic = "com.example.app"
const channel = "dHN0LXNyY2gtY2hubA=="
const requestId = "0f2b6b1e-6a0e-4c55-9d0a-5a6f0a3c9b11"
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

type Service = Channels["Service"]

/** What a caller in JavaScript can do. */
const untyped = (value: unknown) => value as never

const play = (lines: ReadonlyArray<Line>, options: ChannelsOptions & { readonly jwt?: Layer.Layer<JwtCache> } = {}) => {
  const { jwt = JwtCache.layerNone, ...settings } = options
  const connection = scripted(lines)
  const layer = Channels.layerNoDeps({ topic, ...settings }).pipe(Layer.provide([connection.layer, jwt]))
  const run = <A>(use: (channels: Service) => Effect.Effect<A, ApnsError>) =>
    Channels.use(use).pipe(Effect.provide(layer))
  return { ...connection, layer, run }
}

const created = answered(201, { "apns-channel-id": channel, "apns-request-id": requestId })
const stored = answered(
  200,
  { "apns-request-id": requestId },
  { "message-storage-policy": 1, "push-type": "LiveActivity" }
)
const gone = answered(204, { "apns-request-id": requestId })
const listed = answered(200, { "apns-request-id": requestId }, { channels: [channel, "b3RoZXI="] })

interface Operation {
  readonly name: string
  readonly use: (channels: Service) => Effect.Effect<unknown, ApnsError>
  /** The answer that accepts, what it gives, and what was asked. */
  readonly line: Line
  readonly gives: unknown
  readonly asks: {
    readonly method: string
    readonly path: string
    readonly fields: Readonly<Record<string, string>>
    readonly body: string
  }
}

const channelsPath = `/1/apps/${topic}/channels`
const named = { "apns-request-id": requestId, "apns-channel-id": channel }

const operations: ReadonlyArray<Operation> = [
  {
    name: "create, storing nothing",
    use: (channels) => channels.create({ storage: "none", requestId }),
    line: created,
    gives: { channel, requestId },
    asks: {
      method: "POST",
      path: channelsPath,
      fields: { "apns-request-id": requestId },
      body: '{"message-storage-policy":0,"push-type":"LiveActivity"}'
    }
  },
  {
    name: "create, storing the most recent",
    use: (channels) => channels.create({ storage: "mostRecent", requestId }),
    line: created,
    gives: { channel, requestId },
    asks: {
      method: "POST",
      path: channelsPath,
      fields: { "apns-request-id": requestId },
      body: '{"message-storage-policy":1,"push-type":"LiveActivity"}'
    }
  },
  {
    name: "read",
    use: (channels) => channels.read(channel, { requestId }),
    line: stored,
    gives: { storage: "mostRecent", requestId },
    asks: { method: "GET", path: channelsPath, fields: named, body: "" }
  },
  {
    name: "delete",
    use: (channels) => channels.delete(channel, { requestId }),
    line: gone,
    gives: { requestId },
    asks: { method: "DELETE", path: channelsPath, fields: named, body: "" }
  },
  {
    name: "list",
    use: (channels) => channels.list({ requestId }),
    line: listed,
    gives: { channels: [channel, "b3RoZXI="], requestId },
    asks: { method: "GET", path: `/1/apps/${topic}/all-channels`, fields: { "apns-request-id": requestId }, body: "" }
  },
  {
    name: "remaining",
    use: (channels) => channels.remaining({ requestId }),
    line: listed,
    gives: 9_998,
    asks: { method: "GET", path: `/1/apps/${topic}/all-channels`, fields: { "apns-request-id": requestId }, body: "" }
  }
]

describe("a request that is accepted", () => {
  for (const { name, use, line, gives, asks } of operations) {
    it.effect(`${name}: asks what Apple documents, and gives what the answer says`, () =>
      Effect.gen(function* () {
        const { request, run } = play([line])
        assert.deepStrictEqual(yield* succeeds(run(use)), gives)
        const { method, path, fields, body } = request()
        assert.deepStrictEqual({ method, path, fields: { ...fields }, body }, asks)
      })
    )
  }

  it.effect("has an id of its own each time, and gives it when the answer does not", () =>
    Effect.gen(function* () {
      const { asked, run } = play([answered(204)])
      const program = run((channels) => Effect.all([channels.delete(channel), channels.delete(channel)]))
      const ids = (yield* succeeds(program)).map(({ requestId }) => requestId)
      for (const id of ids) assert.match(id, uuid)
      assert.notStrictEqual(ids[0], ids[1])
      assert.deepStrictEqual(
        asked.map(({ request }) => request.fields["apns-request-id"]),
        ids
      )
    })
  )

  it.effect("sends an id in lower case, and gives the answer's as it is", () =>
    Effect.gen(function* () {
      const upper = requestId.toUpperCase()
      const { request, run } = play([answered(204, { "apns-request-id": upper })])
      assert.deepStrictEqual(yield* succeeds(run((channels) => channels.delete(channel, { requestId: upper }))), {
        requestId: upper
      })
      assert.strictEqual(request().fields["apns-request-id"], requestId)
    })
  )

  it.effect("reads both storage policies", () =>
    Effect.gen(function* () {
      for (const [policy, storage] of [
        [0, "none"],
        [1, "mostRecent"]
      ] as const) {
        const { run } = play([answered(200, {}, { "message-storage-policy": policy })])
        assert.strictEqual((yield* succeeds(run((channels) => channels.read(channel)))).storage, storage)
      }
    })
  )

  it.effect("counts what is left of the maximum, and nothing below it", () =>
    Effect.gen(function* () {
      for (const [count, left] of [
        [0, 10_000],
        [1, 9_999],
        [10_000, 0],
        [10_001, 0]
      ] as const) {
        const { run } = play([answered(200, {}, { channels: Array.from({ length: count }, String) })])
        assert.strictEqual(yield* succeeds(run((channels) => channels.remaining())), left)
      }
      assert.strictEqual(maximumChannels, 10_000)
    })
  )
})

describe("an acceptance that is none", () => {
  const cases: ReadonlyArray<readonly [string, Operation["use"], Line, string]> = [
    ["create without an id", (c) => c.create({ storage: "none" }), answered(201), "has no apns-channel-id"],
    [
      "create with an empty id",
      (c) => c.create({ storage: "none" }),
      answered(201, { "apns-channel-id": "" }),
      "has no apns-channel-id"
    ],
    ["create with the status 200", (c) => c.create({ storage: "none" }), answered(200), "is not one of APNs"],
    ["read without a body", (c) => c.read(channel), answered(200), "does not tell a message storage policy"],
    ["read with a page", (c) => c.read(channel), answered(200, {}, "<html>"), "does not tell a message storage policy"],
    [
      "read with a policy that does not exist",
      (c) => c.read(channel),
      answered(200, {}, { "message-storage-policy": 2 }),
      "does not tell a message storage policy"
    ],
    [
      "read with a policy in a string",
      (c) => c.read(channel),
      answered(200, {}, { "message-storage-policy": "1" }),
      "does not tell a message storage policy"
    ],
    ["delete with the status 200", (c) => c.delete(channel), answered(200), "is not one of APNs"],
    ["list without a body", (c) => c.list(), answered(200), "does not list channels"],
    ["list with half a body", (c) => c.list(), answered(200, {}, '{"channels":["a"'), "does not list channels"],
    ["list with null", (c) => c.list(), answered(200, {}, "null"), "does not list channels"],
    ["list with an array", (c) => c.list(), answered(200, {}, ["a"]), "does not list channels"],
    ["list with a number in it", (c) => c.list(), answered(200, {}, { channels: ["a", 1] }), "does not list channels"],
    ["remaining without a list", (c) => c.remaining(), answered(200, {}, {}), "does not list channels"]
  ]
  for (const [name, use, line, problem] of cases) {
    it.effect(`${name} is an UnexpectedAnswer with an unknown outcome`, () =>
      Effect.gen(function* () {
        const { run } = play([line], { retry: Schedule.recurs(0) })
        const error = yield* fails(run(use))
        assert.instanceOf(error.reason, Reason.UnexpectedAnswer)
        assert.strictEqual(error.outcome, "unknown")
        assert.include(error.message, problem)
      })
    )
  }

  it.effect("shows the beginning of what came instead", () =>
    Effect.gen(function* () {
      const { run } = play([answered(200, { "content-type": "text/html" }, "<html>\u0007 no")])
      const { reason } = yield* fails(run((channels) => channels.list()))
      assert.propertyVal(reason, "excerpt", "<html> no")
      assert.propertyVal(reason, "contentType", "text/html")
    })
  )
})

describe("a request that breaks a rule", () => {
  const cases: ReadonlyArray<readonly [string, Operation["use"]]> = [
    ["storage", (channels) => channels.create({ storage: untyped("newest") })],
    ["storage", (channels) => channels.create({ storage: untyped(undefined) })],
    ["storage", (channels) => channels.create({ storage: untyped("constructor") })],
    ["storage", (channels) => channels.create(untyped({}))],
    ["requestId", (channels) => channels.create({ storage: "none", requestId: "1" })],
    ["requestId", (channels) => channels.list({ requestId: `${requestId}\n` })],
    ["requestId", (channels) => channels.remaining({ requestId: "" })],
    ["channel", (channels) => channels.read("")],
    ["channel", (channels) => channels.read("not base64!")],
    ["channel", (channels) => channels.read(`${channel}\r\nx: y`)],
    ["channel", (channels) => channels.read(untyped(undefined))],
    ["channel", (channels) => channels.delete(untyped({}))],
    ["channel", (channels) => channels.delete("a===")]
  ]
  for (const [index, [field, use]] of cases.entries()) {
    it.effect(`is not sent, and told by its field ${field} (${index})`, () =>
      Effect.gen(function* () {
        const { asked, run } = play([created])
        const error = yield* fails(run(use))
        assert.strictEqual(error.reason._tag, "InvalidRequest")
        assert.propertyVal(error.reason, "field", field)
        assert.deepStrictEqual([error.outcome, error.action, error.attempts], ["unsent", "fixConfig", 0])
        assert.lengthOf(asked, 0)
      })
    )
  }

  it("is found in an id alone, by the same rule", () => {
    for (const id of [channel, "dHN0LXNyY2gtY2hubA==", "dHN0", "-_A"]) assert.isTrue(isChannelId(id), id)
    for (const id of ["", "not base64!", `${channel}\r\nx: y`, "a==="]) assert.isFalse(isChannelId(id), id)
  })

  for (const bad of [undefined, "", " ", "com.example/app", "../app", "com example", "com.example.app?", "é"]) {
    it.effect(`the bundle ID ${JSON.stringify(bad)} fails the layer`, () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(Layer.build(play([created], { topic: bad }).layer).pipe(Effect.scoped))
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.instanceOf(error, ApnsError)
        assert.strictEqual(error.reason._tag, "InvalidConfiguration")
        assert.propertyVal(error.reason, "setting", "topic")
      })
    )
  }
})

describe("a request that fails", () => {
  const creates: Operation["use"] = (channels) => channels.create({ storage: "none" })
  const reads: Operation["use"] = (channels) => channels.read(channel)
  const deletes: Operation["use"] = (channels) => channels.delete(channel)
  const lists: Operation["use"] = (channels) => channels.list()
  const gateway = answered(502, {}, "<html>")

  /** How often it is tried: 5 is as often as the default Schedule allows. */
  const cases: ReadonlyArray<readonly [string, Line, readonly [number, number, number, number]]> = [
    ["503 ServiceUnavailable", refused(503, "ServiceUnavailable"), [5, 5, 5, 5]],
    ["503 as the page of channels spells it", refused(503, "Service Unavailable"), [5, 5, 5, 5]],
    ["503 Shutdown", refused(503, "Shutdown"), [5, 5, 5, 5]],
    ["500 InternalServerError", refused(500, "InternalServerError"), [1, 5, 5, 5]],
    ["an answer that was lost", lost, [1, 5, 1, 5]],
    ["a gateway's page", gateway, [1, 5, 1, 5]],
    ["429 TooManyRequests", refused(429, "TooManyRequests"), [1, 1, 1, 1]],
    ["400 FeatureNotEnabled", refused(400, "FeatureNotEnabled"), [1, 1, 1, 1]]
  ]
  for (const [name, line, attempts] of cases) {
    for (const [index, [what, use]] of (
      [
        ["create", creates],
        ["read", reads],
        ["delete", deletes],
        ["list", lists]
      ] as const
    ).entries()) {
      it.effect(`${what} meets ${name}: ${attempts[index]} in all`, () =>
        Effect.gen(function* () {
          const { asked, run } = play([line])
          const error = yield* fails(run(use))
          assert.lengthOf(asked, attempts[index] ?? 0)
          assert.strictEqual(error.attempts, attempts[index])
          const ids = new Set(asked.map(({ request }) => request.fields["apns-request-id"]))
          assert.deepStrictEqual([...ids], [error.requestId])
        })
      )
    }
  }

  it.effect.each([creates, reads, deletes, lists])("meets a stream the server turned away, until the deadline", (use) =>
    Effect.gen(function* () {
      const { asked, run } = play([turnedAway])
      const error = yield* fails(run(use))
      assert.strictEqual(error.outcome, "unsent")
      // 0, 200, ... 6400 and then 10000 ms apart, all with jitter, for 30 seconds.
      assert.isAtLeast(asked.length, 8)
      assert.strictEqual(error.attempts, asked.length)
    })
  )

  it.effect("is never created twice, whatever the Schedule says", () =>
    Effect.gen(function* () {
      for (const line of [lost, gateway, refused(500, "InternalServerError"), answered(201)]) {
        const { asked, run } = play([line], { retry: Schedule.recurs(3) })
        yield* fails(run(creates))
        assert.lengthOf(asked, 1)
      }
      const { asked, run } = play([turnedAway], { retry: Schedule.recurs(3) })
      yield* fails(run(creates))
      assert.lengthOf(asked, 4)
    })
  )

  it.effect("tells its request, its channel and the answer's id", () =>
    Effect.gen(function* () {
      const { run } = play([refused(400, "ChannelNotRegistered", { "apns-request-id": "AB-CD" })])
      const error = yield* fails(run((channels) => channels.read(channel, { requestId })))
      assert.deepStrictEqual(
        [error.requestId, error.channel, error.notificationId, error.device],
        [requestId, channel, undefined, undefined]
      )
      assert.propertyVal(error.reason, "requestId", "AB-CD")
    })
  )

  it.effect("ends after 30 seconds, or the timeout", () =>
    Effect.gen(function* () {
      for (const [timeout, millis] of [
        [undefined, 30_000],
        ["2 seconds", 2000]
      ] as const) {
        const { asked, run } = play([listed], { timeout })
        yield* succeeds(run(lists))
        const [only] = asked
        assert.strictEqual((only?.request.deadlineMillis ?? 0) - (only?.at ?? 0), millis)
      }
      const { asked, run } = play([refused(503, "Shutdown")], { timeout: "250 millis" })
      yield* fails(run(lists))
      assert.isBelow(asked.length, 4)
    })
  )

  it.effect("renews an expired provider token, also to create", () =>
    Effect.gen(function* () {
      const tokens: Array<ProviderToken> = [0, 1].map((n) => ({
        authorization: Redacted.make(`bearer ${n}`),
        issuedAtMillis: 0
      }))
      let current = 0
      const jwt = Layer.succeed(JwtCache, {
        token: Effect.sync(() => tokens[current]),
        renew: () => Effect.sync(() => ++current === 1),
        recheck: () => Effect.succeed(false)
      })
      const { asked, retired, run } = play([refused(403, "ExpiredProviderToken"), created], { jwt })
      yield* succeeds(run(creates))
      assert.deepStrictEqual(
        asked.map(({ request }) => request.authorization && Redacted.value(request.authorization)),
        ["bearer 0", "bearer 1"]
      )
      assert.lengthOf(retired, 1)
    })
  )
})
