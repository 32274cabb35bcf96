/**
 * What a device would show of a push, from its payload alone (Apple, "Generating a remote notification"; "Starting and
 * updating Live Activities with ActivityKit push notifications"). Pure, for the server and the page alike.
 *
 * @since 0.1.0
 */
import type { Preview } from "./ControlModel.ts"
import { isObject, type JsonObject, jsonObject } from "./internal/payload.ts"

const levels = ["passive", "active", "time-sensitive", "critical"] as const

/** Push types that wake code and never show anything by themselves, and what happens instead. */
const unseenTypes: Readonly<Record<string, string>> = {
  background: "A background push wakes the app, which may fetch something.",
  voip: "A VoIP push wakes the app, which must report a call through CallKit.",
  complication: "A complication push hands new data to the watch face.",
  controls: "A controls push makes the system reload the app's controls.",
  fileprovider: "A File Provider push makes the system ask the extension for changes.",
  location: "A location push wakes the app's location extension.",
  mdm: "An MDM push makes the device ask its management server for commands.",
  pushtotalk: "A Push to Talk push wakes the app, which reports who speaks.",
  widgets: "A widgets push makes the system reload the app's widgets."
}

/** Undefined fields are left out, as JSON leaves them out. */
const only = <A extends object>(fields: { readonly [K in keyof A]: A[K] | undefined }): A =>
  // Sound: an absent key is what every field that may be undefined here allows.
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as A

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)
const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined)

interface Line {
  readonly text: string
  readonly localized: boolean
}

/** A text, or the localization key in its place; in a Live Activity a text may itself be an object with such a key. */
const line = (alert: JsonObject, name: string, key: string): Line | undefined => {
  const plain = alert[name]
  if (typeof plain === "string") return { text: plain, localized: false }
  const localization = text(isObject(plain) ? plain["loc-key"] : alert[key])
  return localization === undefined ? undefined : { text: localization, localized: true }
}

interface Alert {
  readonly title?: Line | undefined
  readonly subtitle?: Line | undefined
  readonly body?: Line | undefined
}

const readAlert = (alert: unknown): Alert => {
  if (typeof alert === "string") return { body: { text: alert, localized: false } }
  if (!isObject(alert)) return {}
  return {
    title: line(alert, "title", "title-loc-key"),
    subtitle: line(alert, "subtitle", "subtitle-loc-key"),
    body: line(alert, "body", "loc-key")
  }
}

type Activity = NonNullable<Preview["activity"]>

const readActivity = (aps: JsonObject): Activity =>
  only<Activity>({
    event: text(aps.event) ?? "",
    timestamp: number(aps.timestamp),
    attributesType: text(aps["attributes-type"]),
    // The payload comes from JSON, so that its values are JSON.
    attributes: aps.attributes as Activity["attributes"],
    contentState: aps["content-state"] as Activity["contentState"],
    staleDate: number(aps["stale-date"]),
    dismissalDate: number(aps["dismissal-date"])
  })

const readSound = (sound: unknown) =>
  isObject(sound)
    ? { sound: text(sound.name), critical: sound.critical === 1 ? true : undefined }
    : { sound: text(sound), critical: undefined }

const surfaceOf = (
  pushType: string | undefined,
  aps: JsonObject,
  isBroadcast: boolean
): Pick<Preview, "surface" | "why"> => {
  if (pushType === "liveactivity" || isBroadcast) return { surface: "liveActivity" }
  const why = Object.hasOwn(unseenTypes, pushType ?? "") ? unseenTypes[pushType ?? ""] : undefined
  if (why !== undefined) return { surface: "unseen", why }
  if (aps.alert !== undefined) return { surface: "banner" }
  if (aps.badge !== undefined || aps.sound !== undefined) {
    return { surface: "unseen", why: "Without an alert only the badge and the sound are noticed." }
  }
  return { surface: "unseen", why: "There is no alert to show." }
}

/**
 * What a device would show; `undefined` when the body is no JSON object.
 *
 * **Details**
 *
 * What the app itself makes of a push (localization, service extensions, Focus) cannot be known here.
 *
 * @category getters
 * @since 0.1.0
 */
export const previewOf = (push: {
  readonly kind: string
  readonly pushType?: string | undefined
  readonly body: string
}): Preview | undefined => {
  const payload = jsonObject(push.body)
  if (payload === undefined || (push.kind !== "device" && push.kind !== "broadcast")) return undefined
  const aps = isObject(payload.aps) ? payload.aps : {}
  const { title, subtitle, body } = readAlert(aps.alert)
  const where = surfaceOf(push.pushType, aps, push.kind === "broadcast")
  const { sound, critical } = readSound(aps.sound ?? (isObject(aps.alert) ? aps.alert.sound : undefined))
  return only<Preview>({
    ...where,
    title: title?.text,
    subtitle: subtitle?.text,
    body: body?.text,
    localized: [title, subtitle, body].some((each) => each?.localized === true),
    badge: number(aps.badge),
    sound,
    critical,
    group: text(aps["thread-id"]),
    category: text(aps.category),
    level: levels.find((level) => level === aps["interruption-level"]),
    relevance: number(aps["relevance-score"]),
    mutable: aps["mutable-content"] === 1,
    activity: where.surface === "liveActivity" ? readActivity(aps) : undefined
  })
}
