/**
 * What the types of notifications promise. Compiled by `tsc -b`, never run: each `@ts-expect-error` stands next to the
 * right form, so that neither can rot unseen.
 */
import { DateTime, Duration, Schema } from "effect"
import { Notification, Payload, PushType } from "effect-apns"

const device = "7a1f"

// device

export const smallest = Notification.alert({ device })
export const smallestBackground = Notification.background({ device })
export const smallestRaw = Notification.raw({ device, pushType: "alert", payload: {} })

// @ts-expect-error an alert goes to a device
export const alertToNobody = Notification.alert({ alert: "Hello" })

// @ts-expect-error a background push goes to a device
export const backgroundToNobody = Notification.background({})

// @ts-expect-error a raw push goes to a device
export const rawToNobody = Notification.raw({ pushType: "alert", payload: {} })

// @ts-expect-error a device token is text in hexadecimal, not bytes
export const bytesForDevice = Notification.alert({ device: new Uint8Array(32) })

// background

export const background = Notification.background({ device, priority: 5, data: { sync: 1 } })

// @ts-expect-error a background push of priority 10 is an error of APNs
export const urgentBackground = Notification.background({ device, priority: 10 })

// @ts-expect-error a background push shows nothing
export const shownBackground = Notification.background({ device, alert: "Hello" })

// @ts-expect-error a background push has no badge
export const badgeBackground = Notification.background({ device, badge: 0 })

// @ts-expect-error a background push makes no sound
export const loudBackground = Notification.background({ device, sound: "default" })

// priority

export const priorities = [1, 5, 10].map((priority) =>
  Notification.raw({ device, pushType: "a", priority, payload: "" })
)
export const rightPriority = Notification.alert({ device, priority: 1 })

// @ts-expect-error there is no priority 7
export const wrongPriority = Notification.alert({ device, priority: 7 })

// @ts-expect-error a priority is a number
export const textPriority = Notification.alert({ device, priority: "10" })

declare const number: number

// @ts-expect-error a number may be any: only the three that there are
export const anyPriority = Notification.alert({ device, priority: number })

// @ts-expect-error there is no priority 0
export const wrongVoipPriority = Notification.voip({ device, priority: 0 })

export const rightLocationPriority = [
  Notification.location({ device, priority: 5 }),
  Notification.location({ device, priority: 10 })
]

// @ts-expect-error a location push is at once or by power, never 1
export const lazyLocation = Notification.location({ device, priority: 1 })

// @ts-expect-error a complication has priority 10 or 5
export const lazyComplication = Notification.complication({ device, priority: 1 })

export const lazyFileProvider = Notification.fileProvider({
  device,
  containerIdentifier: "c",
  domain: "d",
  // @ts-expect-error a File Provider push has priority 10 or 5
  priority: 1
})

export const rightPushToTalkPriority = Notification.pushToTalk({ device, priority: 10 })

// @ts-expect-error a Push to Talk push has priority 10 only
export const lazyPushToTalk = Notification.pushToTalk({ device, priority: 5 })

export const openPriorities = [
  Notification.widgets({ device, priority: 1 }),
  Notification.controls({ device, priority: 1 }),
  Notification.voip({ device, priority: 1 }),
  Notification.mdm({ device, pushMagic: "m", priority: 5 })
]

// @ts-expect-error there is no priority 7 for widgets
export const wrongWidgets = Notification.widgets({ device, priority: 7 })

// @ts-expect-error there is no priority 7 for a Wallet pass
export const wrongPass = Notification.walletPass({ device, passTypeId: "pass.com.example", priority: 7 })

// numbers given as literals

export const rightNumbers = Notification.alert({
  device,
  badge: 9999,
  relevanceScore: 0.5,
  sound: { name: "bell.caf", volume: 1 }
})
export const smallNumbers = Notification.alert({
  device,
  badge: 0,
  relevanceScore: 1e-7,
  sound: { name: "bell.caf", volume: 0 }
})
export const anyNumbers = Notification.alert({
  device,
  badge: number,
  relevanceScore: number,
  sound: { name: "bell.caf", volume: number }
})

// @ts-expect-error a badge is not negative
export const negativeBadge = Notification.alert({ device, badge: -1 })

// @ts-expect-error a badge is whole
export const fractionalBadge = Notification.alert({ device, badge: 1.5 })

// @ts-expect-error a relevance score is at most 1
export const highScore = Notification.alert({ device, relevanceScore: 2 })

// @ts-expect-error a relevance score is at most 1, by however little it is more
export const littleHighScore = Notification.alert({ device, relevanceScore: 1.01 })

// @ts-expect-error a relevance score is not negative
export const negativeScore = Notification.alert({ device, relevanceScore: -0.5 })

// @ts-expect-error a relevance score is not negative, by however little it is less
export const littleNegativeScore = Notification.alert({ device, relevanceScore: -1e-7 })

// @ts-expect-error a volume is at most 1
export const highVolume = Notification.alert({ device, sound: { name: "bell.caf", volume: 2 } })

// @ts-expect-error a volume is no percentage
export const percentVolume = Notification.alert({ device, sound: { name: "bell.caf", critical: true, volume: 50 } })

// @ts-expect-error a volume is not negative
export const negativeVolume = Notification.alert({ device, sound: { name: "bell.caf", volume: -1 } })

// @ts-expect-error a number out of range is found beside a Schema for the data, too
export const negativeBesideSchema = Notification.alert({ device, badge: -1, data: { a: 1 }, schema: Schema.JsonObject })

export const alertOptions: Notification.Alert = { device, badge: 1, relevanceScore: 1 }
export const fromOptions = Notification.alert(alertOptions)
export const fromChangedOptions = Notification.alert({ ...alertOptions, badge: 2 })

// the aps dictionary

export const rightBadge = Notification.alert({ device, badge: 0 })

// @ts-expect-error a badge is a number
export const textBadge = Notification.alert({ device, badge: "1" })

export const rightSound = Notification.alert({ device, sound: { name: "bell.caf", critical: true, volume: 0.5 } })

// @ts-expect-error a sound has a name
export const namelessSound = Notification.alert({ device, sound: { critical: true } })

// @ts-expect-error critical is true or absent
export const numberForTrue = Notification.alert({ device, sound: { name: "bell.caf", critical: 1 } })

export const rightLevel = Notification.alert({ device, interruptionLevel: "time-sensitive" })

// @ts-expect-error the levels are a closed set
export const misspeltLevel = Notification.alert({ device, interruptionLevel: "time-sensitiv" })

export const rightFlag = Notification.alert({ device, mutableContent: true, contentAvailable: true })

// @ts-expect-error the only way to say false is to leave it out
export const falseFlag = Notification.alert({ device, mutableContent: false })

export const rightKey = Notification.alert({ device, threadId: "t", alert: { titleLocKey: "K", titleLocArgs: ["a"] } })

// @ts-expect-error keys are spelt in camel case; the library writes the hyphens
export const wireKey = Notification.alert({ device, "thread-id": "t" })

// @ts-expect-error a misspelt key is found
export const misspeltKey = Notification.alert({ device, alert: { titel: "T" } })

// @ts-expect-error localization arguments are text
export const numberArguments = Notification.alert({ device, alert: { locArgs: [1] } })

// @ts-expect-error a misspelt key of aps is found
export const misspeltApsKey = Notification.alert({ device, interuptionLevel: "active" })

// @ts-expect-error a misspelt key of a sound is found
export const misspeltSoundKey = Notification.alert({ device, sound: { name: "bell.caf", criticl: true } })

// @ts-expect-error what belongs to widgets is no part of an alert
export const changedAlert = Notification.alert({ device, contentChanged: true })

// @ts-expect-error a body of several lines is one text
export const listBody = Notification.alert({ device, alert: { body: ["a", "b"] } })

export const extraEverywhere = Notification.alert({
  device,
  alert: { title: "T", extra: { tone: 1 } },
  sound: { name: "bell.caf", extra: { fade: true } },
  extra: { "novel-key": { deep: [null] } }
})

// @ts-expect-error what is extra is JSON
export const functionExtra = Notification.alert({ device, extra: { novelty: () => 1 } })

// @ts-expect-error what is extra is an object
export const listExtra = Notification.background({ device, extra: ["novelty"] })

// each push type

export const eachType: ReadonlyArray<Notification.Notification> = [
  Notification.voip({ device, data: { call: 1 }, expiration: "5 seconds" }),
  Notification.complication({ device, data: { score: [2, 1] } }),
  Notification.controls({ device, expiration: "once" }),
  Notification.widgets({ device, extra: { kind: "Scores" } }),
  Notification.fileProvider({ device, containerIdentifier: "NSFileProviderRootContainerItemIdentifier", domain: "d" }),
  Notification.location({ device, data: { query: 7 } }),
  Notification.mdm({ device, pushMagic: "magic" }),
  Notification.pushToTalk({ device, data: { activeSpeaker: "Ada" } }),
  Notification.walletPass({ device, passTypeId: "pass.com.example" }),
  Notification.safariWebsite({
    device,
    websitePushId: "web.com.example",
    alert: { title: "T", body: "B" },
    urlArgs: []
  })
]

export const overridden = Notification.voip({ device, topic: "com.example.other", topicSuffix: ".voip2" })

// @ts-expect-error a call push goes to a device
export const voipToNobody = Notification.voip({ data: { call: 1 } })

// @ts-expect-error the text of a call is the app's to show: there is no alert
export const shownVoip = Notification.voip({ device, alert: "Ada is calling" })

// @ts-expect-error a push that reloads widgets shows nothing
export const shownWidgets = Notification.widgets({ device, alert: "Hello" })

// @ts-expect-error a push that reloads always says that content has changed
export const unchangedWidgets = Notification.widgets({ device, contentChanged: false })

// @ts-expect-error a push that reloads controls has no badge
export const badgeControls = Notification.controls({ device, badge: 1 })

// @ts-expect-error a File Provider push names what has changed
export const containerless = Notification.fileProvider({ device, domain: "d" })

// @ts-expect-error a File Provider push names the domain
export const domainless = Notification.fileProvider({ device, containerIdentifier: "c" })

// @ts-expect-error a File Provider push has no custom data
export const dataFileProvider = Notification.fileProvider({ device, containerIdentifier: "c", domain: "d", data: {} })

// @ts-expect-error an MDM push has the device's PushMagic
export const magicless = Notification.mdm({ device })

// @ts-expect-error the PushMagic is text
export const numberMagic = Notification.mdm({ device, pushMagic: 7 })

// @ts-expect-error an MDM push has the PushMagic and nothing else
export const dataMdm = Notification.mdm({ device, pushMagic: "magic", data: { a: 1 } })

// @ts-expect-error a Wallet push is empty: Wallet asks the pass's server
export const dataPass = Notification.walletPass({ device, passTypeId: "pass.com.example", data: { a: 1 } })

// @ts-expect-error a Wallet push names the pass type
export const typelessPass = Notification.walletPass({ device })

// @ts-expect-error a Pass Type ID begins with "pass."
export const bundleForPass = Notification.walletPass({ device, passTypeId: "com.example.app" })

// @ts-expect-error the topic of a Wallet push is the Pass Type ID
export const topicPass = Notification.walletPass({ device, passTypeId: "pass.com.example", topic: "com.example" })

export const bundleForWebsite = Notification.safariWebsite({
  device,
  // @ts-expect-error a Website Push ID begins with "web."
  websitePushId: "com.example.app",
  alert: { title: "T", body: "B" },
  urlArgs: []
})

// @ts-expect-error the arguments of the URL must be present, if there are none
export const argumentlessWebsite = Notification.safariWebsite({
  device,
  websitePushId: "web.com.example",
  alert: { title: "T", body: "B" }
})

export const bodilessWebsite = Notification.safariWebsite({
  device,
  websitePushId: "web.com.example",
  // @ts-expect-error a website push has a title and a body
  alert: { title: "T" },
  urlArgs: []
})

declare const someText: string
export const passOfText = Notification.walletPass({ device, passTypeId: someText })
export const websiteOfText = Notification.safariWebsite({
  device,
  websitePushId: someText,
  alert: { title: "T", body: "B" },
  urlArgs: [""]
})

// what the types know of a push type's credentials

export const tokenOnly: Notification.TokenNotification = Notification.location({ device })
export const certificateOnly: Notification.CertificateNotification = Notification.mdm({ device, pushMagic: "m" })

// @ts-expect-error an alert works with both kinds of credentials
export const alertForToken: Notification.TokenNotification = Notification.alert({ device })

// @ts-expect-error a location push works with a token key, and that alone
export const locationForCertificate: Notification.CertificateNotification = Notification.location({ device })

// @ts-expect-error there are two kinds of credentials
export const thirdTrust: Notification.Notification = { ...smallest, trust: "password" }

// the table of push types

export const limit: 5120 = PushType.rules.voip.limit
export const anyRules: PushType.Rules | undefined = PushType.rulesOf(someText)

// @ts-expect-error a push type of the table is spelt as in the header
export const misspeltType: PushType.PushType = "fileProvider"

// @ts-expect-error the rules are Apple's, not the caller's
PushType.rules.voip.limit = 4096

// expiration

export const expirations: Array<Notification.Expiration> = [
  "once",
  "1 hour",
  "30 seconds",
  Duration.hours(1),
  new Date(),
  DateTime.makeUnsafe(0),
  DateTime.makeZonedUnsafe(0, { timeZone: "Europe/Berlin" })
]

// @ts-expect-error the unit of a plain number would be a guess
export const numberExpiration = Notification.alert({ device, expiration: 3600 })

// @ts-expect-error a duration in text has a unit
export const unitlessExpiration = Notification.alert({ device, expiration: "3600" })

// @ts-expect-error a misspelt unit is found
export const misspeltUnit = Notification.alert({ device, expiration: "1 huor" })

// custom data

const Order = Schema.Struct({ orderId: Schema.Int, placedAt: Schema.DateTimeUtcFromString })
const order = { orderId: 42, placedAt: DateTime.makeUnsafe(0) }

export const plainData = Notification.alert({ device, data: { orderId: 42, lines: [{ sku: "a" }, null, true] } })
export const typedData = Notification.alert({ device, data: order, schema: Order })
export const typedBackground = Notification.background({ device, data: order, schema: Order })

// @ts-expect-error without a Schema, data is JSON, and a DateTime is not
export const dateWithoutSchema = Notification.alert({ device, data: order })

// @ts-expect-error data is a JSON object, not an array
export const arrayData = Notification.alert({ device, data: [1] })

// @ts-expect-error a function is not JSON
export const functionData = Notification.alert({ device, data: { f: () => 1 } })

// @ts-expect-error data fits its Schema
export const misfit = Notification.alert({ device, data: { orderId: "42", placedAt: order.placedAt }, schema: Order })

// @ts-expect-error data is the decoded side of its Schema
export const encodedData = Notification.alert({ device, data: { orderId: 42, placedAt: "2026-01-01" }, schema: Order })

// @ts-expect-error a Schema without data encodes nothing
export const schemaWithoutData = Notification.alert({ device, schema: Order })

// @ts-expect-error a Schema without data encodes nothing, in the background neither
export const backgroundSchemaWithoutData = Notification.background({ device, schema: Order })

// @ts-expect-error the encoded side of a Schema for data is an object
export const schemaOfText = Notification.alert({ device, data: "x", schema: Schema.String })

export const typedVoip = Notification.voip({ device, data: order, schema: Order })
export const typedWidgets = Notification.widgets({ device, data: order, schema: Order })
export const typedLocation = Notification.location({ device, data: order, schema: Order })

// @ts-expect-error data of a call fits its Schema
export const misfitVoip = Notification.voip({ device, data: { orderId: 42 }, schema: Order })

// @ts-expect-error data of a location push is JSON without a Schema
export const dateInLocation = Notification.location({ device, data: { at: new Date() } })

// @ts-expect-error a Schema without data encodes nothing, in a push that reloads neither
export const widgetsSchemaWithoutData = Notification.widgets({ device, schema: Order })

// raw

export const rightRaw = Notification.raw({ device, pushType: "voip", payload: new Uint8Array([0x7b, 0x7d]) })

// @ts-expect-error a raw push takes its topic as it is: there is no suffix
export const suffixedRaw = Notification.raw({ device, pushType: "voip", topicSuffix: ".voip", payload: {} })

// @ts-expect-error a raw push names its type
export const typelessRaw = Notification.raw({ device, payload: "{}" })

// @ts-expect-error a raw push has a body
export const bodilessRaw = Notification.raw({ device, pushType: "alert" })

// Callers under exactOptionalPropertyTypes may pass undefined for whatever may be absent, and mutable values.

declare const maybe: { text: string | undefined; count: number | undefined; level: "active" | undefined }
const mutable: { title?: string | undefined; locArgs: Array<string> } = { title: undefined, locArgs: ["a"] }

export const undefinedEverywhere = Notification.alert({
  device,
  id: maybe.text,
  topic: maybe.text,
  collapseId: maybe.text,
  expiration: undefined,
  priority: undefined,
  alert: mutable,
  badge: maybe.count,
  sound: undefined,
  threadId: maybe.text,
  category: maybe.text,
  contentAvailable: undefined,
  mutableContent: undefined,
  targetContentId: maybe.text,
  interruptionLevel: maybe.level,
  relevanceScore: maybe.count,
  filterCriteria: maybe.text,
  data: undefined,
  schema: undefined
})
export const undefinedInBackground = Notification.background({ device, id: maybe.text, priority: undefined })
export const undefinedInRaw = Notification.raw({
  device,
  pushType: "alert",
  id: maybe.text,
  priority: maybe.count,
  payload: { mutable: [1, 2, 3] }
})

// Notifications are plain, read-only values.

// @ts-expect-error a notification is not changed after the fact
smallest.device = "00"

export const copied: Notification.Notification = { ...smallest, device: "00" }

// Payload.make knows both parts.

const payload = Payload.make(Payload.AlertAps, Order)
export const read: number | undefined = Schema.decodeUnknownSync(payload)({}).aps.badge
export const readData: DateTime.Utc = Schema.decodeUnknownSync(payload)({}).data.placedAt

// @ts-expect-error background payloads have no badge
export const noBadge = Schema.decodeUnknownSync(Payload.make(Payload.BackgroundAps, Order))({}).aps.badge

// replayUnknown

export const replayed: ReadonlyArray<Notification.Notification> = [
  Notification.alert({ device, alert: "Hello", replayUnknown: true }),
  Notification.background({ device, replayUnknown: false }),
  Notification.voip({ device, replayUnknown: undefined }),
  Notification.raw({ device, pushType: "alert", payload: {}, replayUnknown: true }),
  Notification.walletPass({ device, passTypeId: "pass.com.example", replayUnknown: true }),
  Notification.liveActivity.end({ device, contentState: { score: 1 }, replayUnknown: true }),
  ...Notification.fanOut(Notification.alert({ device: "", alert: "Hello", replayUnknown: true }), [device])
]

// @ts-expect-error it is yes or no: how often is the Schedule's to say
export const replayedTwice = Notification.alert({ device, alert: "Hello", replayUnknown: 2 })

// @ts-expect-error a notification value tells it the same way
export const replayedText: Notification.Notification = { ...smallest, replayUnknown: "yes" }
