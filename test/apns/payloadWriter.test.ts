/** The writers against the Schemas: the same bytes for what is valid, the same words for what is not. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, DateTime, Effect, Schema, SchemaGetter } from "effect"
import { Notification, Payload } from "effect-apns"
import { agrees, byHand, bySchema, nasty, outcome, typed } from "../support/writing.ts"

const device = "7a1f0c3b5d2e4f60"

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

  it("that waits is refused as the whole is", () => {
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
    assert.match(outcome(notification), /^refused .*Use a Schema that encodes at once/)
    agrees(notification, false)
  })
})
