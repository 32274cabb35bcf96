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
