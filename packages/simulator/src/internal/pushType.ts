/**
 * What is known about each push type (Apple, "Sending notification requests to APNs" and the pages of the frameworks).
 */
import {
  hasContentChanged,
  isAlert,
  isBackground,
  isFileProvider,
  isLiveActivity,
  isMdm,
  isWebsite,
  type JsonObject
} from "./payload.ts"

export interface PushType {
  /** What the topic adds to the bundle ID. */
  readonly suffix: string
  /** Whether a provider token may send it. */
  readonly token: boolean
  /**
   * Whether a client certificate may: `"listed"` when the certificate lists the topic, `"undocumented"` where Apple does
   * not say or contradicts itself, `"never"`.
   */
  readonly certificate: "listed" | "undocumented" | "never"
  /** Largest body in bytes. */
  readonly maxBytes: number
  /** Whether a payload is one of this type. */
  readonly fits: (payload: JsonObject) => boolean
}

const ordinary: PushType = { suffix: "", token: true, certificate: "listed", maxBytes: 4_096, fits: () => true }

const pushTypes = {
  alert: { ...ordinary, fits: isAlert },
  background: { ...ordinary, fits: isBackground },
  // Certificates in use have this suffix; Apple's page has a slip.
  complication: { ...ordinary, suffix: ".complication" },
  controls: {
    ...ordinary,
    suffix: ".push-type.controls",
    certificate: "undocumented",
    fits: hasContentChanged
  },
  fileprovider: { ...ordinary, suffix: ".pushkit.fileprovider", certificate: "never", fits: isFileProvider },
  // Apple's engineers say that certificates do not work, Apple's examples of broadcasts use them.
  liveactivity: {
    ...ordinary,
    suffix: ".push-type.liveactivity",
    certificate: "undocumented",
    fits: (payload) => isLiveActivity(payload, ["start", "update", "end"])
  },
  location: { ...ordinary, suffix: ".location-query", certificate: "never" },
  mdm: { ...ordinary, token: false, fits: isMdm },
  pushtotalk: { ...ordinary, suffix: ".voip-ptt" },
  voip: { ...ordinary, suffix: ".voip", maxBytes: 5_120 },
  widgets: {
    ...ordinary,
    suffix: ".push-type.widgets",
    certificate: "undocumented",
    fits: hasContentChanged
  }
} satisfies Readonly<Record<string, PushType>>

const byName: Readonly<Record<string, PushType>> = pushTypes

const known = (name: string): PushType | undefined => (Object.hasOwn(byName, name) ? byName[name] : undefined)

export const isPushType = (name: string): boolean => known(name) !== undefined

/** Every suffix of a topic. */
export const suffixes: ReadonlyArray<string> = Object.values(byName)
  .map(({ suffix }) => suffix)
  .filter((suffix) => suffix !== "")

/** Websites and Wallet passes have topics of their own kind and no push type of their own. */
export const isPassTopic = (topic: string): boolean => topic.startsWith("pass.")
export const isWebsiteTopic = (topic: string): boolean => topic.startsWith("web.")

/** A management profile's topic: the subject UID of the MDM push certificate. */
export const isMdmTopic = (topic: string): boolean => topic.startsWith("com.apple.mgmt.")

const website: PushType = { ...ordinary, fits: isWebsite }

/** The type a request means. Without the header it is a VoIP push where the topic says so, and else any ordinary one. */
export const pushTypeOf = (name: string | undefined, topic: string): PushType => {
  if (name === undefined || name === "alert" || name === "background") {
    if (isPassTopic(topic)) return ordinary
    if (isWebsiteTopic(topic)) return website
  }
  if (name !== undefined) return known(name) ?? ordinary
  return topic.endsWith(pushTypes.voip.suffix) ? pushTypes.voip : ordinary
}

/** The bundle ID of a topic's app. */
export const withoutSuffix = (topic: string): string => {
  const suffix = suffixes.find((one) => topic.endsWith(one))
  return suffix === undefined ? topic : topic.slice(0, topic.length - suffix.length)
}
