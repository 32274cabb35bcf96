/** Each push type as it goes over the wire: headers and body against what the rules of Apple say, written by hand. */
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { DateTime, Effect, Result, Schema } from "effect"
import {
  Apns,
  CertificateTrust,
  Credentials,
  LiveActivity,
  Notification,
  PushType,
  send,
  TokenTrust
} from "effect-apns"
import { device as deviceOf, simulated } from "../support/simulated.ts"

const device = deviceOf(1)
const id = "0f2b6b1e-6a0e-4c55-9d0a-5a6f0a3c9b11"
const common = { device, id }

const Call = Schema.Struct({ callId: Schema.Int, at: Schema.DateTimeUtcFromString }).pipe(
  Schema.encodeKeys({ callId: "call-id" })
)
const call = { callId: 0, at: DateTime.makeUnsafe("2026-11-23T12:00:00Z") }

const Ride = LiveActivity.make({
  attributesType: "RideAttributes",
  attributes: Schema.Struct({ rider: Schema.String }),
  contentState: Schema.Struct({ arrival: LiveActivity.SwiftDate, minutes: Schema.Int })
})
const ride = {
  ...common,
  activity: Ride,
  timestamp: new Date("2026-11-23T12:00:00.999Z"),
  contentState: { arrival: DateTime.makeUnsafe("2001-01-01T00:00:01.500Z"), minutes: 0 }
}
const aboutRide = {
  "apns-push-type": "liveactivity",
  "apns-topic": "com.example.app.push-type.liveactivity"
}

interface Row {
  readonly name: string
  readonly notification: Notification.Notification
  /** Every `apns-…` header but `apns-id`. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const row = (
  name: string,
  notification: Notification.Notification,
  headers: Readonly<Record<string, string>>,
  body: string
): Row => ({ name, notification, headers, body })

const byToken: ReadonlyArray<Row> = [
  row(
    "the smallest alert",
    Notification.alert({ ...common, alert: "Hello" }),
    { "apns-push-type": "alert", "apns-topic": "com.example.app" },
    '{"aps":{"alert":"Hello"}}'
  ),
  row(
    "an alert with everything",
    Notification.alert({
      ...common,
      priority: 5,
      expiration: new Date("2026-12-24T18:00:00Z"),
      collapseId: "order-42",
      alert: {
        title: "T",
        subtitle: "",
        body: "B",
        launchImage: "Launch",
        titleLocKey: "TK",
        titleLocArgs: ["a"],
        subtitleLocKey: "SK",
        subtitleLocArgs: [],
        locKey: "BK",
        locArgs: ["b", "c"]
      },
      badge: 0,
      sound: { critical: true, name: "bell.caf", volume: 0.5 },
      threadId: "thread",
      category: "INVITE",
      contentAvailable: true,
      mutableContent: true,
      targetContentId: "window",
      interruptionLevel: "time-sensitive",
      relevanceScore: 0,
      filterCriteria: "work",
      extra: { "novel-key": [1] },
      data: call,
      schema: Call
    }),
    {
      "apns-push-type": "alert",
      "apns-topic": "com.example.app",
      "apns-priority": "5",
      "apns-expiration": "1798135200",
      "apns-collapse-id": "order-42"
    },
    '{"aps":{"alert":{"title":"T","subtitle":"","body":"B","launch-image":"Launch","title-loc-key":"TK",' +
      '"title-loc-args":["a"],"subtitle-loc-key":"SK","subtitle-loc-args":[],"loc-key":"BK","loc-args":["b","c"]},' +
      '"badge":0,"sound":{"critical":1,"name":"bell.caf","volume":0.5},"thread-id":"thread","category":"INVITE",' +
      '"content-available":1,"mutable-content":1,"target-content-id":"window","interruption-level":"time-sensitive",' +
      '"relevance-score":0,"filter-criteria":"work","novel-key":[1]},' +
      '"call-id":0,"at":"2026-11-23T12:00:00.000Z"}'
  ),
  row(
    "background",
    Notification.background({ ...common, data: { sync: ["inbox"] } }),
    { "apns-push-type": "background", "apns-topic": "com.example.app", "apns-priority": "5" },
    '{"aps":{"content-available":1},"sync":["inbox"]}'
  ),
  row(
    "voip",
    Notification.voip({ ...common, data: call, schema: Call }),
    { "apns-push-type": "voip", "apns-topic": "com.example.app.voip", "apns-expiration": "0" },
    '{"call-id":0,"at":"2026-11-23T12:00:00.000Z"}'
  ),
  row(
    "complication",
    Notification.complication({ ...common, priority: 10, data: { score: [2, 1] } }),
    { "apns-push-type": "complication", "apns-topic": "com.example.app.complication", "apns-priority": "10" },
    '{"score":[2,1]}'
  ),
  row(
    "controls, as in Apple's sample",
    Notification.controls({ ...common, priority: 10, expiration: "once" }),
    {
      "apns-push-type": "controls",
      "apns-topic": "com.example.app.push-type.controls",
      "apns-priority": "10",
      "apns-expiration": "0"
    },
    '{"aps":{"content-changed":true}}'
  ),
  row(
    "fileprovider",
    Notification.fileProvider({
      ...common,
      containerIdentifier: "NSFileProviderWorkingSetContainerItemIdentifier",
      domain: "ada@example.com"
    }),
    { "apns-push-type": "fileprovider", "apns-topic": "com.example.app.pushkit.fileprovider" },
    '{"container-identifier":"NSFileProviderWorkingSetContainerItemIdentifier","domain":"ada@example.com"}'
  ),
  row(
    "the start of a Live Activity",
    Notification.liveActivity.start({
      ...ride,
      priority: 10,
      expiration: "once",
      attributes: { rider: "Ann" },
      alert: { title: "Your ride", body: { locKey: "MINUTES", locArgs: ["5"] }, sound: "default" },
      staleDate: new Date("2026-11-23T13:00:00Z"),
      inputPushToken: true,
      relevanceScore: 75
    }),
    { ...aboutRide, "apns-priority": "10", "apns-expiration": "0" },
    '{"aps":{"event":"start","timestamp":1795435200,"stale-date":1795438800,"attributes-type":"RideAttributes",' +
      '"attributes":{"rider":"Ann"},"content-state":{"arrival":1.5,"minutes":0},' +
      '"alert":{"title":"Your ride","body":{"loc-key":"MINUTES","loc-args":["5"]},"sound":"default"},' +
      '"input-push-token":1,"relevance-score":75}}'
  ),
  row(
    "the start of a Live Activity without a definition, its updates from a channel",
    Notification.liveActivity.start({
      ...common,
      timestamp: ride.timestamp,
      attributesType: "RideAttributes",
      attributes: {},
      contentState: { minutes: 5 },
      alert: { title: "T" },
      inputPushChannel: "dHN0LXNyY2gtY2hubA=="
    }),
    aboutRide,
    '{"aps":{"event":"start","timestamp":1795435200,"attributes-type":"RideAttributes","attributes":{},' +
      '"content-state":{"minutes":5},"alert":{"title":"T"},"input-push-channel":"dHN0LXNyY2gtY2hubA=="}}'
  ),
  row(
    "the update of a Live Activity",
    Notification.liveActivity.update({
      ...ride,
      priority: 5,
      expiration: new Date("2026-12-24T18:00:00Z"),
      data: { trace: "a1" }
    }),
    { ...aboutRide, "apns-priority": "5", "apns-expiration": "1798135200" },
    '{"aps":{"event":"update","timestamp":1795435200,"content-state":{"arrival":1.5,"minutes":0}},"trace":"a1"}'
  ),
  row(
    "the end of a Live Activity",
    Notification.liveActivity.end({ ...ride, priority: 10, dismissalDate: new Date("2026-11-23T14:00:00Z") }),
    { ...aboutRide, "apns-priority": "10" },
    '{"aps":{"event":"end","timestamp":1795435200,"content-state":{"arrival":1.5,"minutes":0},' +
      '"dismissal-date":1795442400}}'
  ),
  row(
    "location",
    Notification.location({ ...common, priority: 5, data: { query: 7 } }),
    { "apns-push-type": "location", "apns-topic": "com.example.app.location-query", "apns-priority": "5" },
    '{"query":7}'
  ),
  row(
    "pushtotalk",
    Notification.pushToTalk({ ...common, data: { aps: {}, activeSpeaker: "Ada" } }),
    {
      "apns-push-type": "pushtotalk",
      "apns-topic": "com.example.app.voip-ptt",
      "apns-priority": "10",
      "apns-expiration": "0"
    },
    '{"aps":{},"activeSpeaker":"Ada"}'
  ),
  row(
    "widgets",
    Notification.widgets(common),
    { "apns-push-type": "widgets", "apns-topic": "com.example.app.push-type.widgets" },
    '{"aps":{"content-changed":true}}'
  ),
  row(
    "a Wallet pass",
    Notification.walletPass({ ...common, passTypeId: "pass.com.example.ticket" }),
    { "apns-topic": "pass.com.example.ticket" },
    "{}"
  ),
  row(
    "a website in Safari",
    Notification.safariWebsite({
      ...common,
      websitePushId: "web.com.example",
      alert: { title: "Flight A998", body: "Boarding has begun", action: "View" },
      urlArgs: ["boarding", ""]
    }),
    { "apns-topic": "web.com.example" },
    '{"aps":{"alert":{"title":"Flight A998","body":"Boarding has begun","action":"View"},"url-args":["boarding",""]}}'
  ),
  row(
    "raw",
    Notification.raw({
      ...common,
      pushType: "widgets",
      topic: "com.example.app.push-type.widgets",
      priority: 1,
      payload: ' {"aps":{}} '
    }),
    { "apns-push-type": "widgets", "apns-topic": "com.example.app.push-type.widgets", "apns-priority": "1" },
    ' {"aps":{}} '
  ),
  row(
    "another app",
    Notification.voip({ ...common, topic: "com.example.other", expiration: "once", data: {} }),
    { "apns-push-type": "voip", "apns-topic": "com.example.other.voip", "apns-expiration": "0" },
    "{}"
  ),
  row(
    "a topic that has its suffix already",
    Notification.voip({ ...common, topic: "com.example.other.voip", data: {} }),
    { "apns-push-type": "voip", "apns-topic": "com.example.other.voip", "apns-expiration": "0" },
    "{}"
  )
]

/** The subject UID of the MDM certificate, which is its only topic. */
const management = "com.apple.mgmt.External.0f0e0d0c-0b0a-4908-8706-050403020100"

const byCertificate: ReadonlyArray<Row> = [
  row(
    "mdm",
    Notification.mdm({ ...common, pushMagic: "0F2B6B1E" }),
    { "apns-push-type": "mdm", "apns-topic": management },
    '{"mdm":"0F2B6B1E"}'
  )
]

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/certificates/${name}`, import.meta.url))

const ofCertificate = simulated({
  simulator: { environment: "production" },
  apns: {
    credentials: Credentials.certificate({ file: fixture("mdm.pem"), keyFile: fixture("push.key.pem") }),
    topic: undefined
  }
})

const sent = Effect.fnUntraced(function* ({ notification, headers, body }: Row) {
  const apns = yield* Apns
  yield* apns.send(notification)
  const [request] = yield* (yield* Simulator).received
  const received = (request?.headers ?? []).filter(([name]) => name.startsWith("apns-"))
  assert.deepStrictEqual(Object.fromEntries(received), { "apns-id": id, ...headers })
  assert.strictEqual(request?.path, `/3/device/${device}`)
  assert.strictEqual(request?.body, body)
  assert.include(request?.answer, { _tag: "answered", status: 200, apnsId: id })
})

describe("on the wire", () => {
  for (const line of byToken) {
    it.live(`${line.name} is as Apple has it`, () => sent(line).pipe(Effect.provide(simulated())))
  }
  for (const line of byCertificate) {
    it.live(`${line.name} is as Apple has it`, () => sent(line).pipe(Effect.provide(ofCertificate)))
  }

  it("is every push type of the table", () => {
    const shown = [...byToken, ...byCertificate].flatMap(({ headers }) => headers["apns-push-type"] ?? [])
    assert.sameMembers([...new Set(shown)], Object.keys(PushType.rules))
  })
})

describe("credentials", () => {
  const refusal = Effect.fnUntraced(function* (notification: Notification.Notification) {
    const error = yield* Effect.flip((yield* Apns).send(notification))
    assert.isEmpty(yield* (yield* Simulator).received)
    assert.deepStrictEqual([error.outcome, error.action, error.attempts], ["unsent", "fixConfig", 0])
    return error.reason._tag === "InvalidNotification" ? error.reason : assert.fail(error.reason._tag)
  })

  it.live("of a certificate send no location push, which is found before anything is sent", () =>
    Effect.gen(function* () {
      const { field, message } = yield* refusal(Notification.location({ ...common }))
      assert.strictEqual(field, "pushType")
      assert.include(message, '"location" needs token credentials')
      assert.include(message, "Credentials.token")
    }).pipe(Effect.provide(ofCertificate))
  )

  it.live("of a certificate send no File Provider push", () =>
    Effect.gen(function* () {
      const n = Notification.fileProvider({ ...common, containerIdentifier: "c", domain: "d" })
      assert.strictEqual((yield* refusal(n)).field, "pushType")
    }).pipe(Effect.provide(ofCertificate))
  )

  it.live("are told by their layer, as send asks for them", () =>
    Effect.gen(function* () {
      const receipt = yield* send(Notification.location({ ...common }))
      assert.strictEqual(receipt.apnsId, id)
      assert.deepStrictEqual(
        [yield* TokenTrust, yield* CertificateTrust],
        [{ trust: "token" }, { trust: "certificate" }]
      )
    }).pipe(Effect.provide(simulated()))
  )

  it.live("of a token key send no MDM push", () =>
    Effect.gen(function* () {
      const { field, message } = yield* refusal(Notification.mdm({ ...common, pushMagic: "M" }))
      assert.strictEqual(field, "pushType")
      assert.include(message, '"mdm" needs certificate credentials')
      assert.include(message, "Credentials.certificate")
    }).pipe(Effect.provide(simulated()))
  )
})

describe("the table of push types", () => {
  it("is frozen by its type, and answers for unknown push types with nothing", () => {
    assert.strictEqual(PushType.rulesOf("voip"), PushType.rules.voip)
    for (const unknown of ["novelty", "toString", "__proto__", "", undefined]) {
      assert.isUndefined(PushType.rulesOf(unknown))
    }
  })

  it("has 5 for background alone, 10 for Push to Talk alone, and 10 or 5 where Apple does not name 1", () => {
    const priorities = Object.entries(PushType.rules).map(([name, rules]) => [name, [...rules.priorities]])
    assert.deepStrictEqual(Object.fromEntries(priorities), {
      alert: [10, 5, 1],
      background: [5],
      complication: [10, 5],
      controls: [10, 5, 1],
      fileprovider: [10, 5],
      liveactivity: [10, 5],
      location: [10, 5],
      mdm: [10, 5, 1],
      pushtotalk: [10],
      voip: [10, 5, 1],
      widgets: [10, 5, 1]
    })
  })
})

describe("a constructor", () => {
  it("never fails, whatever it is given", () => {
    const nonsense: object = { device: 5, data: 1n, priority: "x", expiration: {}, alert: 7, urlArgs: null }
    const make = [
      Notification.alert,
      Notification.background,
      Notification.voip,
      Notification.complication,
      Notification.controls,
      Notification.fileProvider,
      Notification.liveActivity.start,
      Notification.liveActivity.update,
      Notification.liveActivity.end,
      Notification.location,
      Notification.mdm,
      Notification.pushToTalk,
      Notification.widgets,
      Notification.walletPass,
      Notification.safariWebsite,
      Notification.raw
    ] as ReadonlyArray<(options: object) => Notification.Notification>
    for (const constructor of make) assert.isTrue(Result.isSuccess(Result.try(() => constructor(nonsense))))
  })

  it("makes its notifications with the same fields in the same order", () => {
    const fields = [...byToken, ...byCertificate].map(({ notification }) => Object.keys(notification).join())
    assert.strictEqual(new Set(fields).size, 1)
  })
})
