/**
 * What the types of Live Activities and broadcasts promise. Compiled by `tsc -b`, never run: each `@ts-expect-error`
 * stands next to the right form, so that neither can rot unseen.
 */
import { DateTime, Duration, Schema } from "effect"
import { type Broadcast, LiveActivity, Notification } from "effect-apns"

const { end, start, update } = Notification.liveActivity

const Ride = LiveActivity.make({
  attributesType: "RideAttributes",
  attributes: Schema.Struct({ rider: Schema.String }),
  contentState: Schema.Struct({ arrival: LiveActivity.SwiftDate, driver: Schema.optionalKey(Schema.String) })
})
const Match = LiveActivity.make({
  attributesType: "MatchAttributes",
  attributes: Schema.Struct({ home: Schema.String }),
  contentState: Schema.Struct({ goals: Schema.Int })
})

const device = "7a1f"
const alert = { title: "T", body: { locKey: "K", locArgs: ["a"] }, sound: "default" }
const attributes = { rider: "Ann" }
const contentState = { arrival: DateTime.makeUnsafe(0) }
const ride = { device, activity: Ride, attributes, contentState, alert } as const
const plain = { device, attributesType: "A", attributes: {}, contentState: {}, alert } as const

// the right forms

export const rightStart: Notification.Notification = start(ride)
export const plainStart = start(plain)
export const rightUpdate = update({ device, activity: Ride, contentState: { ...contentState, driver: "Bo" } })
export const plainUpdate = update({ device, contentState: { any: [1, null, { json: true }] } })
export const rightEnd = end({ device, activity: Ride, contentState, dismissalDate: "now" })
export const bareEnd = end({ device })
export const bareTypedEnd = end({ device, activity: Ride })

// start

// @ts-expect-error a start has an alert
export const silentStart = start({ device, activity: Ride, attributes, contentState })

// @ts-expect-error the alert of a start is an object
export const textAlert = start({ ...ride, alert: "Hello" })

// @ts-expect-error a start has attributes
export const startWithoutAttributes = start({ device, activity: Ride, contentState, alert })

// @ts-expect-error a start has a content state
export const startWithoutState = start({ device, activity: Ride, attributes, alert })

// @ts-expect-error without a definition, a start names the attributes' type
export const startWithoutType = start({ device, attributes: {}, contentState: {}, alert })

// @ts-expect-error the definition has named the type already
export const typeTwice = start({ ...ride, attributesType: "RideAttributes" })

// @ts-expect-error a start has no dismissal date
export const dismissedStart = start({ ...ride, dismissalDate: "now" })

// @ts-expect-error a start goes to a device
export const startForNobody = start({ activity: Ride, attributes, contentState, alert })

// inputs

export const tokenInput = start({ ...ride, inputPushToken: true })
export const channelInput = start({ ...ride, inputPushChannel: "AAAA" })

// @ts-expect-error an activity is updated by its token or by a channel, not both
export const bothInputs = start({ ...ride, inputPushToken: true, inputPushChannel: "AAAA" })

// @ts-expect-error both are excluded without a definition, too
export const bothPlainInputs = start({ ...plain, inputPushToken: true, inputPushChannel: "AAAA" })

// @ts-expect-error the only way to ask for no token is to leave it out
export const falseInput = start({ ...ride, inputPushToken: false })

// @ts-expect-error the library writes true as 1
export const numberInput = start({ ...ride, inputPushToken: 1 })

// @ts-expect-error only a start asks for a token
export const updateInput = update({ device, contentState: {}, inputPushToken: true })

// @ts-expect-error only a start subscribes to a channel
export const endInput = end({ device, inputPushChannel: "AAAA" })

// update

// @ts-expect-error an update has a content state
export const updateWithoutState = update({ device, activity: Ride })

// @ts-expect-error an update has one without a definition, too
export const plainUpdateWithoutState = update({ device })

// @ts-expect-error attributes do not change
export const updateWithAttributes = update({ device, activity: Ride, contentState, attributes })

// @ts-expect-error only an end is dismissed
export const dismissedUpdate = update({ device, contentState: {}, dismissalDate: new Date() })

// end

// @ts-expect-error an end has no attributes
export const endWithAttributes = end({ device, contentState: {}, attributes: {} })

// @ts-expect-error an end does not name their type
export const endWithType = end({ device, attributesType: "A" })

// @ts-expect-error an end has no relevance
export const relevantEnd = end({ device, relevanceScore: 1 })

// @ts-expect-error the only word for a dismissal date is "now"
export const soonEnd = end({ device, dismissalDate: "soon" })

// Schemas

// @ts-expect-error attributes fit their Schema
export const wrongAttributes = start({ ...ride, attributes: { rider: 1 } })

// @ts-expect-error a misspelt attribute is found
export const misspeltAttribute = start({ ...ride, attributes: { ridder: "Ann" } })

// @ts-expect-error the content state fits its Schema
export const wrongState = start({ ...ride, contentState: { arrival: "noon" } })

// @ts-expect-error the content state is the decoded side of its Schema
export const encodedState = update({ device, activity: Ride, contentState: { arrival: 788961600 } })

// @ts-expect-error the content state of another activity does not fit
export const otherState = update({ device, activity: Match, contentState })

// @ts-expect-error that of an end fits, too
export const wrongEnd = end({ device, activity: Match, contentState: { goals: "one" } })

// @ts-expect-error without a definition, the content state is JSON, and a DateTime is not
export const dateWithoutSchema = update({ device, contentState })

const textState = { attributesType: "A", attributes: Schema.Struct({}), contentState: Schema.String }

// @ts-expect-error the encoded side of a Schema for the content state is an object
export const stateOfText = LiveActivity.make(textState)

const read = Schema.decodeUnknownSync(Ride.payloads.start)({})
export const readAttributes: string = read.aps.attributes.rider
export const readState: DateTime.Utc = read.aps.contentState.arrival

// @ts-expect-error an update that is read has no attributes
export const noAttributes = Schema.decodeUnknownSync(Ride.payloads.update)({}).aps.attributes

// alert

export const alerts = [{}, { title: "" }, { title: { locKey: "K" } }, { extra: { subtitle: "S" } }].map((alert) =>
  update({ device, contentState: {}, alert })
)

// @ts-expect-error the sound of a Live Activity is inside the alert
export const outerSound = update({ device, contentState: {}, sound: "default" })

// @ts-expect-error a sound is a name: critical sounds are for alert pushes
export const criticalSound = update({ device, contentState: {}, alert: { sound: { name: "x", critical: true } } })

// @ts-expect-error a localized title is an object, not a key of its own
export const locKeys = update({ device, contentState: {}, alert: { titleLocKey: "K" } })

// dates

export const instants = [
  new Date(),
  DateTime.makeUnsafe(0),
  DateTime.makeZonedUnsafe(0, { timeZone: "Europe/Berlin" })
].map((instant) => end({ device, timestamp: instant, staleDate: instant, dismissalDate: instant }))

// @ts-expect-error the unit of a plain number would be a guess
export const numberTimestamp = update({ device, contentState: {}, timestamp: 1767268800 })

// @ts-expect-error a date in text is not an instant
export const textDate = update({ device, contentState: {}, staleDate: "2026-01-01" })

// @ts-expect-error a stale date is an instant, not a duration
export const durationDate = update({ device, contentState: {}, staleDate: Duration.hours(1) })

// priority

export const priorities = ([5, 10, undefined] as const).map((priority) => end({ device, priority }))

// @ts-expect-error Apple states 5 and 10 for Live Activities
export const priority1 = end({ device, priority: 1 })

// @ts-expect-error there is no priority 7
export const priority7 = end({ device, priority: 7 })

// broadcast

const to = { channel: "AAAA", priority: 10, expiration: "once" } as const
const { broadcast } = Notification

export const rightBroadcast: Broadcast = broadcast.update({ ...to, activity: Match, contentState: { goals: 1 } })
export const plainBroadcast = broadcast.end({ channel: "AAAA", priority: 1, expiration: "1 hour", bundleId: "a.b" })
export const broadcastExpirations = [new Date(), DateTime.makeUnsafe(0), Duration.hours(1), "once" as const].map(
  (expiration) => broadcast.update({ ...to, expiration, contentState: {} })
)

// @ts-expect-error a broadcast cannot start an activity
export const broadcastStart = broadcast.start

// @ts-expect-error a broadcast goes to a channel
export const broadcastToNobody = broadcast.end({ priority: 10, expiration: "once" })

// @ts-expect-error a broadcast has a priority
export const broadcastWithoutPriority = broadcast.end({ channel: "AAAA", expiration: "once" })

// @ts-expect-error a broadcast has an expiration
export const broadcastWithoutExpiration = broadcast.end({ channel: "AAAA", priority: 10 })

// @ts-expect-error and not an undefined one
export const undefinedExpiration = broadcast.end({ ...to, expiration: undefined })

// @ts-expect-error the unit of a plain number would be a guess
export const numberExpiration = broadcast.end({ ...to, expiration: 0 })

// @ts-expect-error there is no priority 7
export const broadcastPriority7 = broadcast.end({ ...to, priority: 7 })

// @ts-expect-error a broadcast has no device
export const broadcastDevice = broadcast.end({ ...to, device })

// @ts-expect-error a broadcast does not collapse
export const broadcastCollapse = broadcast.end({ ...to, collapseId: "c" })

// @ts-expect-error the path of a broadcast has the bundle ID, and there is no topic
export const broadcastTopic = broadcast.end({ ...to, topic: "a.b" })

// @ts-expect-error an updating broadcast has a content state
export const broadcastWithoutState = broadcast.update(to)

// @ts-expect-error that fits its Schema
export const broadcastMisfit = broadcast.update({ ...to, activity: Match, contentState: { goals: "one" } })

// @ts-expect-error a broadcast has no attributes
export const broadcastAttributes = broadcast.end({ ...to, attributes: {} })

// @ts-expect-error a broadcast does not ask for a token
export const broadcastInput = broadcast.update({ ...to, contentState: {}, inputPushToken: true })

// @ts-expect-error a broadcast is not a notification
export const broadcastForNotification: Notification.Notification = rightBroadcast

// Callers under exactOptionalPropertyTypes may pass undefined for whatever may be absent.

declare const maybe: { text: string | undefined; count: number | undefined; date: Date | undefined }

export const undefinedInStart = start({
  ...ride,
  id: maybe.text,
  topic: maybe.text,
  topicSuffix: maybe.text,
  collapseId: maybe.text,
  priority: undefined,
  expiration: undefined,
  timestamp: maybe.date,
  staleDate: maybe.date,
  relevanceScore: maybe.count,
  inputPushToken: undefined,
  inputPushChannel: undefined,
  attributesType: undefined,
  extra: undefined,
  data: undefined
})
export const undefinedInEnd = broadcast.end({
  ...to,
  id: maybe.text,
  bundleId: maybe.text,
  activity: undefined,
  contentState: undefined,
  alert: undefined,
  dismissalDate: maybe.date
})
