/** The writers against the Schemas: the same bytes for what is valid, the same words for what is not. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, DateTime, Effect, Result, Schema, SchemaGetter } from "effect"
import { Notification, Payload } from "effect-apns"
import { encode } from "effect-apns/PayloadSchema"

const device = "7a1f0c3b5d2e4f60"

/** What comes out: bytes, a refusal, or what is thrown. */
const outcome = (notification: Notification.Notification): string => {
  try {
    const result = encode(notification)
    return Result.isSuccess(result)
      ? `written ${Buffer.from(result.success).toString("latin1")}`
      : `refused ${JSON.stringify(result.failure)} ${result.failure.message}`
  } catch (thrown) {
    return `thrown ${thrown}`
  }
}

const typed = (notification: Notification.Notification) =>
  notification.content._tag === "Typed" ? notification.content : assert.fail("a typed content")

/** The same notification with nothing but its Schema. */
const bySchema = (notification: Notification.Notification): Notification.Notification => ({
  ...notification,
  content: { ...typed(notification), write: undefined }
})

/** Whether the writer wrote it, rather than leaving it to the Schema. */
const byHand = (notification: Notification.Notification): boolean => {
  const { value, write } = typed(notification)
  return write === undefined ? assert.fail("a content with a writer") : write(value) !== undefined
}

/** With an `aps` exactly as it is: the constructor would copy it. */
const alert = (aps: unknown, data: unknown = {}): Notification.Notification => {
  const notification = Notification.alert({ device })
  return { ...notification, content: { ...typed(notification), value: { aps, data } } }
}

const background = (aps: unknown, data: unknown = {}): Notification.Notification => {
  const notification = Notification.background({ device })
  return { ...notification, content: { ...typed(notification), value: { aps, data } } }
}

const reload = (aps: unknown, data: unknown = {}): Notification.Notification => {
  const notification = Notification.widgets({ device })
  return { ...notification, content: { ...typed(notification), value: { aps, data } } }
}

/** Nothing but data. */
const voip = (value: unknown): Notification.Notification => {
  const notification = Notification.voip({ device })
  return { ...notification, content: { ...typed(notification), value } }
}

const getter = (get: () => unknown) => Object.defineProperty({}, "title", { enumerable: true, get })

const throwing = () => {
  throw new Error("no")
}

const cyclic = (): object => {
  const value: Record<string, unknown> = {}
  value.a = { b: [value], c: value }
  return value
}

const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) })

const wide = (levels: number): unknown => {
  let value: unknown = 1
  for (let i = 0; i < levels; i++) value = { a: value, b: value }
  return value
}

class Titled {
  title = "T"
  get body() {
    return "B"
  }
}

class Listed extends Array<unknown> {}

/** Made anew for each use. */
const nasty: ReadonlyArray<readonly [string, () => unknown]> = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["true", () => true],
  ["false", () => false],
  ["0", () => 0],
  ["-0", () => -0],
  ["1", () => 1],
  ["-1", () => -1],
  ["0.5", () => 0.5],
  ["1.5", () => 1.5],
  ["NaN", () => Number.NaN],
  ["infinity", () => Number.POSITIVE_INFINITY],
  ["minus infinity", () => Number.NEGATIVE_INFINITY],
  ["2 ** 53", () => 2 ** 53],
  ["1e-7", () => 1e-7],
  ["1e21", () => 1e21],
  ["a BigInt", () => 1n],
  ["a symbol", () => Symbol("a")],
  ["a function", () => () => 1],
  ["a function with fields", () => Object.assign(() => 1, { title: "T" })],
  ["empty text", () => ""],
  ["active", () => "active"],
  ["text to escape", () => '"\\\n\u2028é🎉'],
  ["a lone surrogate", () => "\ud800"],
  ["text in an object", () => new String("x")],
  ["a number in an object", () => new Number(1)],
  ["a Date", () => new Date(0)],
  ["a Map", () => new Map([["a", 1]])],
  ["a regular expression", () => /x/],
  ["bytes", () => new Uint8Array([1])],
  ["an error", () => new Error("x")],
  ["an empty array", () => []],
  ["an array of text", () => ["a", "b"]],
  ["an array of mixed values", () => ["a", 1, null, { a: [] }]],
  ["an array with undefined", () => ["a", undefined]],
  ["an array with a hole", () => Object.assign(new Array<string>(3), { 0: "a", 2: "b" })],
  ["an array of nothing", () => new Array<string>(5)],
  ["an array with fields", () => Object.assign(["a"], { foo: 1n })],
  ["an array with toJSON", () => Object.assign(["a"], { toJSON: () => "J" })],
  ["an array of a class", () => Listed.from(["a"])],
  ["an empty object", () => ({})],
  ["an object", () => ({ title: "T", name: "N" })],
  ["an object in another order", () => ({ volume: 1, name: "N", body: "B", title: "T", critical: true })],
  ["an object with numeric keys", () => ({ b: 1, 2: "x", 1: "y", a: { 9: 1, z: 2, 0: 3 } })],
  ["an object with undefined", () => ({ title: undefined, name: undefined, volume: undefined })],
  ["an object with name and undefined", () => ({ critical: undefined, name: "N", volume: undefined })],
  ["an object with unknown keys", () => ({ title: "T", name: "N", extra: 1n })],
  ["an object with a symbol key", () => ({ title: "T", name: "N", [Symbol("a")]: 1n })],
  ["an object of a class", () => new Titled()],
  ["an object that inherits", () => Object.create({ title: "T", name: "N", aps: 1 })],
  ["an object without prototype", () => Object.assign(Object.create(null), { title: "T", name: "N" })],
  ["a hidden field", () => Object.defineProperty({}, "title", { value: "T" })],
  ["a hidden wrong field", () => Object.defineProperty({ name: "N" }, "title", { value: 5 })],
  ["a hidden aps", () => Object.defineProperty({ a: 1 }, "aps", { value: 5 })],
  ["the key aps", () => ({ aps: {} })],
  ["the key aps, undefined", () => ({ aps: undefined })],
  ["a getter", () => getter(() => "T")],
  ["a getter of a wrong type", () => getter(() => 5)],
  ["a getter that throws", () => getter(throwing)],
  ["a Proxy", () => new Proxy({ title: "T", name: "N" }, {})],
  ["a Proxy that denies its keys", () => new Proxy({ title: "T", name: "N" }, { has: () => false })],
  ["a Proxy that claims all keys", () => new Proxy({ title: "T", name: "N" }, { has: () => true })],
  ["a Proxy that has all", () => new Proxy({}, { get: () => "x" })],
  ["a Proxy that hides its keys", () => new Proxy({ title: "T", name: "N" }, { ownKeys: () => [] })],
  ["a Proxy that throws", () => new Proxy({}, { get: throwing, has: throwing, ownKeys: throwing })],
  ["a Proxy of an array", () => new Proxy(["a"], {})],
  [
    "a revoked Proxy",
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    }
  ],
  ["toJSON as text", () => ({ toJSON: "x", title: "T", name: "N" })],
  ["toJSON as a function", () => ({ toJSON: () => 5, title: "T", name: "N" })],
  ["a hidden toJSON", () => Object.defineProperty({ a: 1 }, "toJSON", { value: (key: string) => `J${key}` })],
  ["a hidden toJSON that throws", () => Object.defineProperty({ a: 1 }, "toJSON", { value: throwing })],
  ["a hidden toJSON of undefined", () => Object.defineProperty({ a: 1 }, "toJSON", { value: () => undefined })],
  ["an own __proto__", () => JSON.parse('{"__proto__":{"title":"T","name":1},"a":{"__proto__":[1]}}')],
  ["an own __proto__, wrong", () => Object.defineProperty({}, "__proto__", { value: 1n, enumerable: true })],
  ["constructor and prototype", () => JSON.parse('{"constructor":1,"prototype":{},"hasOwnProperty":3}')],
  [
    "the same object twice",
    () => {
      const a = { x: [1] }
      return { a, b: a, c: [a, a] }
    }
  ],
  ["a cycle", cyclic],
  ["a deep object", () => deep(400)],
  ["a very deep object", () => deep(3_000)],
  ["a wide object", () => wide(9)],
  ["a very wide object", () => wide(14)],
  ["a long array", () => Array.from({ length: 5_000 }, () => 1)]
]

const alertKeys = [
  "title",
  "subtitle",
  "body",
  "launchImage",
  "titleLocKey",
  "titleLocArgs",
  "subtitleLocKey",
  "subtitleLocArgs",
  "locKey",
  "locArgs",
  "action",
  "actionLocKey",
  "summaryArg",
  "summaryArgCount",
  "extra"
]

const soundKeys = ["critical", "name", "volume", "extra"]

const apsKeys = [
  "alert",
  "badge",
  "sound",
  "threadId",
  "category",
  "contentAvailable",
  "mutableContent",
  "targetContentId",
  "interruptionLevel",
  "relevanceScore",
  "filterCriteria",
  "extra"
]

/** Everywhere a value can be. */
const places: ReadonlyArray<readonly [string, (value: unknown) => Notification.Notification]> = [
  ["aps", (value) => alert(value)],
  ["data", (value) => alert({ alert: "A" }, value)],
  ["a key of data", (value) => alert({ alert: "A" }, { z: 1, key: value, 7: 7 })],
  ["a nested key of data", (value) => alert({ alert: "A" }, { a: [{ b: [1, value] }, 2] })],
  ["the aps of a background push", (value) => background(value)],
  ["contentAvailable of a background push", (contentAvailable) => background({ contentAvailable })],
  ["data of a background push", (value) => background({ contentAvailable: true }, value)],
  ["the aps of a push that reloads", (value) => reload(value)],
  ["contentChanged of a push that reloads", (contentChanged) => reload({ contentChanged })],
  ["extra of a push that reloads", (extra) => reload({ contentChanged: true, extra })],
  ["extra of a background push", (extra) => background({ contentAvailable: true, extra })],
  ["a payload of nothing but data", (value) => voip(value)],
  ["a key of nothing but data", (value) => voip({ z: 1, key: value, 7: 7 })],
  ["an unknown key", (value) => alert({ alert: "A", novelty: value })],
  ...apsKeys.map((key) => [key, (value: unknown) => alert({ [key]: value })] as const),
  ...alertKeys.map((key) => [`alert.${key}`, (value: unknown) => alert({ alert: { [key]: value } })] as const),
  ...soundKeys.map(
    (key) => [`sound.${key}`, (value: unknown) => alert({ sound: { name: "N", [key]: value } })] as const
  ),
  ["one of titleLocArgs", (value) => alert({ alert: { titleLocArgs: ["a", value] } })]
]

describe("nasty values", () => {
  for (const [place, at] of places) {
    it(`as ${place} are written and refused as by the Schema`, () => {
      for (const [what, make] of nasty) assert.strictEqual(outcome(at(make())), outcome(bySchema(at(make()))), what)
    })
  }

  it("are some of them written by hand, and some left to the Schema", () => {
    const counted = places.flatMap(([, at]) => nasty.map(([, make]) => byHand(at(make()))))
    assert.isAbove(counted.filter((hand) => hand).length, 300)
    assert.isAbove(counted.filter((hand) => !hand).length, 300)
  })
})

/** `undefined` and absent are one; the Schema's arbitraries make both. */
const runs = { arbitrary: { runs: 500, seed: 20261123 } }

/** What the writers leave to the Schema. */
const hasExtra = ({ alert, extra, sound }: Payload.AlertAps): boolean =>
  [{ extra }, alert, sound].some((part) => typeof part === "object" && part.extra !== undefined)

const agrees = (notification: Notification.Notification, hand: boolean) => {
  assert.strictEqual(outcome(notification), outcome(bySchema(notification)))
  assert.strictEqual(byHand(notification), hand)
}

const Data = Schema.Record(Schema.String, Schema.Json)

describe("whatever is valid", () => {
  it.effect.prop(
    "in an alert without extra is written by hand, byte for byte as by the Schema",
    { aps: Payload.AlertAps, data: Data },
    ({ aps, data }) =>
      Effect.sync(() =>
        agrees(Notification.alert({ device, ...aps, data }), !Object.hasOwn(data, "aps") && !hasExtra(aps))
      ),
    runs
  )

  it.effect.prop(
    "in a background push and one that reloads, too",
    { data: Data },
    ({ data }) =>
      Effect.sync(() => {
        const hand = !Object.hasOwn(data, "aps")
        agrees(Notification.background({ device, data }), hand)
        agrees(Notification.widgets({ device, data }), hand)
        agrees(Notification.controls({ device, data }), hand)
      }),
    runs
  )

  it.effect.prop(
    "in a push of nothing but data, too",
    { data: Data },
    ({ data }) => Effect.sync(() => agrees(Notification.voip({ device, data }), true)),
    runs
  )

  const Visit = Schema.Struct({
    page: Schema.String,
    at: Schema.DateTimeUtcFromString,
    times: Schema.optionalKey(Schema.Int),
    aps: Schema.optionalKey(Schema.String)
  }).pipe(Schema.encodeKeys({ page: "the-page", times: "1" }))

  it.effect.prop(
    "in an alert with a Schema for its data, too",
    { aps: Payload.AlertAps, data: Visit },
    ({ aps, data }) =>
      Effect.sync(() =>
        agrees(Notification.alert({ device, ...aps, data, schema: Visit }), data.aps === undefined && !hasExtra(aps))
      ),
    runs
  )

  it.effect("covers every field of the Schemas", () =>
    Effect.gen(function* () {
      const samples = yield* Arbitrary.sampleEffect(Arbitrary.schema(Payload.AlertAps), { count: 500, seed: 20261123 })
      const seen = new Set<string>()
      for (const aps of samples) {
        for (const [name, part] of [
          ["aps", aps],
          ["alert", aps.alert],
          ["sound", aps.sound]
        ] as const) {
          if (typeof part === "object")
            for (const [key, value] of Object.entries(part)) if (value !== undefined) seen.add(`${name}.${key}`)
        }
      }
      const all = [
        ...apsKeys.map((key) => `aps.${key}`),
        ...alertKeys.map((key) => `alert.${key}`),
        ...soundKeys.map((key) => `sound.${key}`)
      ]
      assert.sameMembers([...seen], all)
    })
  )
})

describe("custom data with a Schema", () => {
  const at = DateTime.makeUnsafe("2026-01-02T03:04:05Z")
  const Visit = Schema.Struct({ page: Schema.String, at: Schema.DateTimeUtcFromString })
  const Anything: Payload.DataSchema<unknown> = Schema.Unknown as never
  const cases: ReadonlyArray<readonly [string, Notification.Notification, boolean]> = [
    ["that fits", Notification.alert({ device, data: { page: "p", at }, schema: Visit }), true],
    ["that does not fit", Notification.alert({ device, data: { page: 5, at } as never, schema: Visit }), false],
    [
      "beside a wrong aps",
      Notification.alert({ device, badge: Number("-1"), data: { page: "p", at }, schema: Visit }),
      false
    ],
    ["in a background push", Notification.background({ device, data: { page: "p", at }, schema: Visit }), true],
    ["with unknown keys", Notification.alert({ device, data: { page: "p", at, aps: 1 } as never, schema: Visit }), true]
  ]
  for (const [what, notification, hand] of cases)
    it(`${what} is encoded as by the whole`, () => agrees(notification, hand))

  for (const [what, make] of nasty) {
    it(`that lets pass ${what} is encoded as by the whole`, () => {
      const notification = () => Notification.alert({ device, alert: "A", data: make(), schema: Anything })
      assert.strictEqual(outcome(notification()), outcome(bySchema(notification())))
      const key = () => Notification.alert({ device, alert: "A", data: { a: make() }, schema: Anything })
      assert.strictEqual(outcome(key()), outcome(bySchema(key())))
    })
  }

  it("that waits throws as the whole does", () => {
    const slow = SchemaGetter.transformEffect((value: Schema.JsonObject) =>
      Effect.promise(() => Promise.resolve(value))
    )
    const Slow: Payload.DataSchema<Schema.JsonObject> = Schema.JsonObject.pipe(
      Schema.decodeTo(Schema.JsonObject, {
        decode: slow,
        encode: slow
      })
    )
    const notification = Notification.alert({ device, data: { a: 1 }, schema: Slow })
    assert.match(outcome(notification), /^thrown/)
    agrees(notification, false)
  })
})
