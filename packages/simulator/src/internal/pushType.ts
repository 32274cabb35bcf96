/**
 * What is known about each push type (Apple, "Sending notification requests to APNs" and the pages of the frameworks).
 */

/** Suffix of the topic by push type. The complication suffix follows certificates in use, not a slip of Apple's page. */
const topicSuffix: Readonly<Record<string, string>> = {
  alert: "",
  background: "",
  mdm: "",
  complication: ".complication",
  controls: ".push-type.controls",
  fileprovider: ".pushkit.fileprovider",
  liveactivity: ".push-type.liveactivity",
  location: ".location-query",
  pushtotalk: ".voip-ptt",
  voip: ".voip",
  widgets: ".push-type.widgets"
}

export const isPushType = (value: string): boolean => Object.hasOwn(topicSuffix, value)

/** What a push type appends to the bundle ID; "" for an alert, and for a request without a push type. */
export const suffixOf = (pushType: string | undefined): string => topicSuffix[pushType ?? "alert"] ?? ""

/** Every suffix of a topic. */
export const suffixes: ReadonlyArray<string> = Object.values(topicSuffix).filter((suffix) => suffix !== "")
