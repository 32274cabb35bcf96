/** The writers of Live Activities against their Schemas: the same bytes for what is valid, the same words for what is not. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, DateTime, Effect, Schema, SchemaGetter } from "effect"
import { LiveActivity, Notification } from "effect-apns"
import { agrees, byHand, bySchema, nasty, outcome, typed } from "../support/writing.ts"

const device = "7a1f0c3b5d2e4f60"
const timestamp = DateTime.makeUnsafe("2026-01-01T12:00:00Z")
const { end, start, update } = Notification.liveActivity

type Event = "start" | "update" | "end"

/** A payload exactly as it is, of an activity: the constructors would copy it. */
const pushed = (
  activity: { readonly payloads: Readonly<Record<Event, Schema.Encoder<unknown>>> },
  event: Event,
  value: unknown
): Notification.Notification => {
  const make: (options: never) => Notification.Notification = Notification.liveActivity[event]
  // The options are those of no event in particular, since only the Schema and the writer of the content are kept.
  const notification = make({ device, activity } as never)
  return { ...notification, content: { ...typed(notification), value } }
}

const required = {
  start: { event: "start", timestamp, attributesType: "A", attributes: {}, contentState: {}, alert: {} },
  update: { event: "update", timestamp, contentState: {} },
  end: { event: "end", timestamp }
} as const

const common = ["event", "timestamp", "staleDate", "extra", "contentState", "alert"] as const

const keys = {
  start: [...common, "attributesType", "attributes", "inputPushToken", "inputPushChannel", "relevanceScore"],
  update: [...common, "relevanceScore"],
  end: [...common, "dismissalDate"]
} as const

const events = ["start", "update", "end"] as const

const plain = (event: Event, aps: unknown, data: unknown = {}) => pushed(LiveActivity, event, { aps, data })

const Anything: LiveActivity.StateSchema<unknown> = Schema.Unknown as never
const Loose = LiveActivity.make({ attributesType: "A", attributes: Anything, contentState: Anything })

const Ride = LiveActivity.make({
  attributesType: "A",
  attributes: Schema.Struct({ rider: Schema.optionalKey(Schema.String) }),
  contentState: Schema.Struct({
    arrival: Schema.optionalKey(LiveActivity.SwiftDate),
    minutes: Schema.optionalKey(Schema.Int)
  })
})

const by = (activity: Parameters<typeof pushed>[0], event: Event, aps: object) =>
  pushed(activity, event, { aps: { ...required[event], ...aps }, data: {} })

type Place = readonly [string, (value: unknown) => Notification.Notification]

/** Everywhere a value can be. */
const places: ReadonlyArray<Place> = events.flatMap((event): ReadonlyArray<Place> => {
  const aps = required[event]
  const inAlert = (alert: object) => plain(event, { ...aps, alert })
  return [
    [`the payload of ${event}`, (value) => pushed(LiveActivity, event, value)],
    [`the aps of ${event}`, (value) => plain(event, value)],
    [`data of ${event}`, (value) => plain(event, aps, value)],
    [`a key of data of ${event}`, (value) => plain(event, aps, { z: 1, key: value, 7: 7 })],
    [`an unknown key of ${event}`, (value) => plain(event, { ...aps, novelty: value })],
    ...keys[event].map((key): Place => [`${event}.${key}`, (value) => plain(event, { ...aps, [key]: value })]),
    ...["title", "body", "sound", "extra"].map(
      (key): Place => [`alert.${key} of ${event}`, (value) => inAlert({ [key]: value })]
    ),
    [`a localization key of ${event}`, (locKey) => inAlert({ title: { locKey, locArgs: ["a"] } })],
    [`the arguments of a localization key of ${event}`, (locArgs) => inAlert({ body: { locKey: "K", locArgs } })],
    [`one of them, of ${event}`, (value) => inAlert({ body: { locKey: "K", locArgs: ["a", value] } })],
    [`a key of the state of ${event}`, (key) => plain(event, { ...aps, contentState: { z: 1, key, 7: 7 } })],
    [`a nested key of the state of ${event}`, (a) => plain(event, { ...aps, contentState: { a: [{ a }] } })],
    [`the state of ${event}, by a Schema`, (contentState) => by(Ride, event, { contentState })],
    [`an Int of the state of ${event}`, (minutes) => by(Ride, event, { contentState: { minutes } })],
    [`a date of the state of ${event}`, (arrival) => by(Ride, event, { contentState: { arrival } })],
    [`the state of ${event}, by a Schema of anything`, (contentState) => by(Loose, event, { contentState })],
    [`the attributes of ${event}, by a Schema`, (attributes) => by(Ride, event, { attributes })],
    [`the attributes of ${event}, by a Schema of anything`, (attributes) => by(Loose, event, { attributes })],
    [`the attributes' type of ${event}, by a Schema`, (attributesType) => by(Ride, event, { attributesType })]
  ]
})

const instants: typeof nasty = [
  ["an instant", () => timestamp],
  ["an instant before 1970", () => DateTime.makeUnsafe(-1)],
  ["the first instant", () => DateTime.makeUnsafe(-8_640_000_000_000_000)],
  ["the last instant", () => DateTime.makeUnsafe(8_640_000_000_000_000)],
  ["an instant of a zone", () => DateTime.makeZonedUnsafe(0, { timeZone: "Europe/London" })],
  ["an instant beyond time", () => Object.assign(Object.create(timestamp), { epochMilliseconds: 9e15 })],
  ["an instant that is no number", () => Object.assign(Object.create(timestamp), { epochMilliseconds: Number.NaN })],
  ["an instant in text", () => Object.assign(Object.create(timestamp), { epochMilliseconds: "5" })],
  ["an instant in BigInt", () => Object.assign(Object.create(timestamp), { epochMilliseconds: 5n })]
]

const words: typeof nasty = [
  ...events.map((event) => [event, () => event] as const),
  ["the attributes' type", () => "A"],
  ["another attributes' type", () => "B"],
  ["a channel", () => "dHN0LXNyY2gtY2hubA=="],
  ["a channel without padding", () => "dHN0LQ"],
  ["a channel and a line's end", () => "AAAA\n"],
  ["a localized text", () => ({ locKey: "K", locArgs: ["a"], novelty: 1 })]
]

const values = [...nasty, ...instants, ...words]

describe("nasty values", () => {
  for (const [place, at] of places) {
    it(`as ${place} are written and refused as by the Schema`, () => {
      for (const [what, make] of values) assert.strictEqual(outcome(at(make())), outcome(bySchema(at(make()))), what)
    })
  }

  it("are some of them written by hand, and some left to the Schema", () => {
    const counted = places.flatMap(([, at]) => values.map(([, make]) => byHand(at(make()))))
    assert.isAbove(counted.filter((hand) => hand).length, 300)
    assert.isAbove(counted.filter((hand) => !hand).length, 300)
  })

  it("are no pair of inputs", () => {
    const both = plain("start", { ...required.start, inputPushToken: true, inputPushChannel: "AAAA" })
    assert.include(outcome(both), "exclude each other")
    agrees(both, false)
  })
})

const options = { arbitrary: { runs: 300, seed: 20261123 } }

interface Whole {
  readonly aps: { readonly extra?: unknown; readonly alert?: LiveActivity.Alert | undefined }
  readonly data: object
}

/** What the writers leave to the Schema. */
const isPlain = ({ aps, data }: Whole): boolean =>
  aps.extra === undefined && aps.alert?.extra === undefined && !Object.hasOwn(data, "aps")

const State = Schema.Struct({
  driver: Schema.optionalKey(Schema.String),
  arrival: LiveActivity.SwiftDate,
  phase: Schema.Literals(["coming", "here"]),
  stops: Schema.Array(Schema.Struct({ name: Schema.String, minutes: Schema.NullOr(Schema.Int) }))
}).pipe(Schema.encodeKeys({ phase: "the-phase", driver: "1" }))

const Trip = LiveActivity.make({
  attributesType: "TripAttributes",
  attributes: Schema.Struct({ rider: Schema.String, booked: LiveActivity.SwiftDate }),
  contentState: State
})

describe("whatever is valid is written by hand, byte for byte as by the Schema:", () => {
  const kinds = [
    ["any JSON", LiveActivity],
    ["a definition", Trip]
  ] as const
  for (const [what, activity] of kinds) {
    const { payloads } = activity
    it.effect.prop(
      `a start of ${what}`,
      [payloads.start],
      ([value]) => Effect.sync(() => agrees(pushed(activity, "start", value), isPlain(value))),
      options
    )
    it.effect.prop(
      `an update of ${what}`,
      [payloads.update],
      ([value]) => Effect.sync(() => agrees(pushed(activity, "update", value), isPlain(value))),
      options
    )
    it.effect.prop(
      `an end of ${what}`,
      [payloads.end],
      ([value]) =>
        Effect.sync(() => {
          // Only the Schema of the state can tell whether it has an encoding for `undefined`.
          const hand = activity === LiveActivity || value.aps.contentState !== undefined
          agrees(pushed(activity, "end", value), isPlain(value) && hand)
        }),
      options
    )
  }

  for (const event of events) {
    it.effect(`every field of ${event}`, () =>
      Effect.gen(function* () {
        const schema: Schema.Codec<Whole, unknown> = LiveActivity.payloads[event]
        const samples = yield* Arbitrary.sampleEffect(Arbitrary.schema(schema), { count: 300, seed: 20261123 })
        const seen = samples
          .filter(isPlain)
          .flatMap(({ aps }) => Object.entries(aps).flatMap(([key, value]) => (value === undefined ? [] : [key])))
        assert.sameMembers([...new Set([...seen, "extra"])], [...keys[event]])
      })
    )
  }
})

describe("what is mostly valid", () => {
  const payloads: Readonly<Record<Event, Schema.Codec<Whole, unknown>>> = LiveActivity.payloads
  for (const event of events) {
    it.effect.prop(
      `has the outcome of the Schema, whichever field of ${event} is another`,
      [payloads[event], Schema.Literals(keys[event]), Schema.Json] as const,
      ([{ aps, data }, key, value]) =>
        Effect.sync(() => {
          const changed = plain(event, { ...aps, [key]: value }, data)
          assert.strictEqual(outcome(changed), outcome(bySchema(changed)))
        }),
      options
    )
  }
})

describe("a writer", () => {
  const to = { channel: "dHN0LXNyY2gtY2hubA==", priority: 10, expiration: "once" } as const
  const ride = { rider: "Ann" }
  const state = { minutes: 5 }
  const made = [
    start({ device, activity: Ride, attributes: ride, contentState: state, alert: { title: "T" } }),
    update({ device, activity: Ride, contentState: state }),
    end({ device, activity: Ride, contentState: state, dismissalDate: "now" }),
    start({ device, attributesType: "A", attributes: ride, contentState: state, alert: {}, inputPushToken: true }),
    update({ device, contentState: state, staleDate: new Date(0) }),
    end({ device }),
    {
      ...update({ device, contentState: state }),
      content: Notification.broadcast.update({ ...to, contentState: state }).content
    },
    { ...end({ device }), content: Notification.broadcast.end({ ...to, activity: Ride, contentState: state }).content }
  ]

  it("writes what every constructor makes, of pushes and broadcasts", () => {
    for (const notification of made) agrees(notification, true)
  })

  it("is that of the Schema alone: a Schema made from it has none", () => {
    const checked = Ride.payloads.update.check(Schema.makeFilter(() => "never"))
    const refused = update({
      device,
      activity: { payloads: { ...Ride.payloads, update: checked } },
      contentState: state
    })
    assert.isUndefined(typed(refused).write)
    assert.match(outcome(refused), /^refused .*never/)
  })

  it("leaves a state of undefined to a Schema that has an encoding for it", () => {
    const Nothing: LiveActivity.StateSchema<undefined> = Schema.JsonObject.pipe(
      Schema.decodeTo(Schema.Undefined, {
        decode: SchemaGetter.transform(() => undefined),
        encode: SchemaGetter.transform(() => ({ nothing: true }))
      })
    )
    const activity = LiveActivity.make({ attributesType: "A", attributes: Nothing, contentState: Nothing })
    for (const event of events) {
      const push = by(activity, event, { attributes: undefined, contentState: undefined })
      assert.include(outcome(push), '"content-state":{"nothing":true}')
      agrees(push, true)
    }
    const absent = by(activity, "end", {})
    assert.strictEqual(outcome(absent), `written {"aps":{"event":"end","timestamp":1767268800}}`)
    agrees(absent, false)
  })

  it("refuses, as the Schema does, what that waits for", () => {
    const slow = SchemaGetter.transformEffect((value: Schema.JsonObject) =>
      Effect.promise(() => Promise.resolve(value))
    )
    const Slow: LiveActivity.StateSchema<Schema.JsonObject> = Schema.JsonObject.pipe(
      Schema.decodeTo(Schema.JsonObject, { decode: slow, encode: slow })
    )
    const activity = LiveActivity.make({ attributesType: "A", attributes: Slow, contentState: Slow })
    for (const event of events) {
      const push = by(activity, event, { contentState: {} })
      assert.match(outcome(push), /^refused .*Use a Schema that encodes at once/)
      agrees(push, false)
    }
  })
})
