/** What a payload must be (Apple, "Generating a remote notification" and the pages of the frameworks). Pure. */

export type JsonObject = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The JSON object a body holds, if it holds one. */
export const jsonObject = (body: string): JsonObject | undefined => {
  try {
    const value: unknown = JSON.parse(body)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * Whether a payload has what a Live Activity needs for one of `events` (Apple, "Starting and updating Live Activities
 * with ActivityKit push notifications"). Optional keys are not looked at.
 */
export const isLiveActivity = (payload: JsonObject, events: ReadonlyArray<"start" | "update" | "end">): boolean => {
  const { aps } = payload
  if (!isObject(aps) || typeof aps.timestamp !== "number") return false
  const event = events.find((name) => name === aps.event)
  switch (event) {
    case undefined:
      return false
    case "start":
      return (
        isObject(aps["content-state"]) &&
        typeof aps["attributes-type"] === "string" &&
        isObject(aps.attributes) &&
        isObject(aps.alert) &&
        !(aps["input-push-token"] !== undefined && aps["input-push-channel"] !== undefined)
      )
    case "update":
      return isObject(aps["content-state"])
    case "end":
      return true
  }
}

/** Something to show, play or count. */
export const isAlert = ({ aps }: JsonObject): boolean =>
  isObject(aps) && (aps.alert !== undefined || aps.badge !== undefined || aps.sound !== undefined)

/** Apple, "Pushing background updates to your App". */
export const isBackground = (payload: JsonObject): boolean =>
  isObject(payload.aps) && payload.aps["content-available"] === 1 && !isAlert(payload)

/** Apple, "Updating widgets with WidgetKit push notifications" and "Updating controls locally and remotely". */
export const hasContentChanged = ({ aps }: JsonObject): boolean => isObject(aps) && aps["content-changed"] === true

/** Apple, "Using push notifications to signal changes". */
export const isFileProvider = (payload: JsonObject): boolean => typeof payload["container-identifier"] === "string"

/** Apple, "Sending MDM commands to a device": the push magic and nothing else. */
export const isMdm = (payload: JsonObject): boolean =>
  typeof payload.mdm === "string" && Object.keys(payload).length === 1

/** Apple's guide to push notifications of websites in Safari. */
export const isWebsite = ({ aps }: JsonObject): boolean =>
  isObject(aps) &&
  isObject(aps.alert) &&
  typeof aps.alert.title === "string" &&
  typeof aps.alert.body === "string" &&
  Array.isArray(aps["url-args"]) &&
  aps["url-args"].every((value) => typeof value === "string")
