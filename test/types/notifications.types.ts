/**
 * What the types of notifications promise. Compiled by `tsc -b`, never run: each `@ts-expect-error` stands next to the
 * right form, so that neither can rot unseen.
 */
import { DateTime, Duration, Schema } from "effect"
import { Notification, Payload } from "effect-apns"

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

// raw

export const rightRaw = Notification.raw({ device, pushType: "voip", payload: new Uint8Array([0x7b, 0x7d]) })

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
