/** A request as the rules read it: which API it is for, and its parts by name. Pure. */

/** APNs serves channel management on hosts and ports of its own; so do the simulator's two listeners. */
export type Listener = "device" | "management"

export type Route =
  /** `/3/device/<token>`; the token is "" when it is missing. */
  | { readonly _tag: "device"; readonly token: string }
  /** `/4/broadcasts/apps/<bundle ID>`. */
  | { readonly _tag: "broadcast"; readonly bundleId: string }
  /** `/1/apps/<bundle ID>/channels`. */
  | { readonly _tag: "channels"; readonly bundleId: string }
  /** `/1/apps/<bundle ID>/all-channels`. */
  | { readonly _tag: "allChannels"; readonly bundleId: string }

/** A request that arrived whole, with its parts named. */
export interface ReadRequest {
  readonly listener: Listener
  readonly method: string
  readonly path: string
  /** Name (lower case), value, name, value, … in the order received. The value of `authorization` is redacted. */
  readonly fields: ReadonlyArray<string>
  /** The body as text; cut when it is far above every limit. */
  readonly body: string
  readonly bodyBytes: number
  /** `undefined`: a path this listener does not serve. */
  readonly route: Route | undefined
  readonly device: string | undefined
  readonly bundleId: string | undefined
  readonly topic: string | undefined
  readonly pushType: string | undefined
  readonly apnsId: string | undefined
  readonly requestId: string | undefined
  readonly channel: string | undefined
  readonly authorization: string | undefined
  readonly priority: string | undefined
  readonly expiration: string | undefined
  readonly collapseId: string | undefined
  /** Whether a header is repeated. */
  readonly hasDuplicate: boolean
}

const devicePrefix = "/3/device/"

const deviceRoute = (path: string): Route | undefined => {
  if (path === "/3/device") return { _tag: "device", token: "" }
  if (!path.startsWith(devicePrefix)) return undefined
  const token = path.slice(devicePrefix.length)
  return /[/?#]/.test(token) ? undefined : { _tag: "device", token }
}

/** The API a path belongs to; a query is no part of the name of an app's resource. */
export const routeOf = (listener: Listener, path: string): Route | undefined => {
  if (listener === "device") {
    const broadcast = /^\/4\/broadcasts\/apps\/([^/?#]+)(?:\?.*)?$/.exec(path)?.[1]
    return broadcast === undefined ? deviceRoute(path) : { _tag: "broadcast", bundleId: broadcast }
  }
  const found = /^\/1\/apps\/([^/?#]+)\/(channels|all-channels)(?:\?.*)?$/.exec(path)
  const bundleId = found?.[1]
  if (bundleId === undefined) return undefined
  return { _tag: found?.[2] === "channels" ? "channels" : "allChannels", bundleId }
}

/** Node hands header values over as latin1; APNs means UTF-8. */
const decoded = (value: string): string =>
  /[\u0080-\u00ff]/.test(value) ? Buffer.from(value, "latin1").toString("utf8") : value

/** The headers the rules read, by the place they have in a list of values. */
const places: ReadonlyMap<string, number> = new Map(
  [
    ":method",
    ":path",
    "apns-topic",
    "apns-push-type",
    "apns-id",
    "apns-request-id",
    "apns-channel-id",
    "authorization",
    "apns-priority",
    "apns-expiration",
    "apns-collapse-id"
  ].map((name, index) => [name, index])
)

export const redacted = "<redacted>"

const sameText = (text = "", previous: string | undefined): string => (text === previous ? previous : text)

/**
 * Names the parts of a request. `fields` becomes the result's own: its values are decoded and redacted in place. A text
 * that stands at the same place in `previous`, the fields of an earlier request, is taken from there: the log keeps many
 * requests that differ in little.
 */
export const readRequest = (
  listener: Listener,
  fields: Array<string>,
  body: string,
  bodyBytes: number,
  previous: ReadonlyArray<string> = fields
): ReadRequest => {
  const values: Array<string | undefined> = new Array(places.size).fill(undefined)
  let others: Array<string> | undefined
  let hasDuplicate = false
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = sameText(fields[index], previous[index])
    const value = sameText(decoded(fields[index + 1] ?? ""), previous[index + 1])
    const place = places.get(name)
    fields[index] = name
    fields[index + 1] = name === "authorization" ? redacted : value
    if (place !== undefined) {
      if (values[place] === undefined) values[place] = value
      else hasDuplicate = true
    } else if (others?.includes(name)) {
      // RFC 9113, section 8.2.3: cookies may be split into several fields.
      if (name !== "cookie") hasDuplicate = true
    } else if (others === undefined) others = [name]
    else others.push(name)
  }
  const [method = "", path = "", topic, pushType, apnsId, requestId, channel, authorization] = values
  const route = routeOf(listener, path)
  return {
    listener,
    method,
    path,
    fields,
    body,
    bodyBytes,
    route,
    device: route?._tag === "device" ? route.token : undefined,
    bundleId: route === undefined || route._tag === "device" ? undefined : route.bundleId,
    topic,
    pushType,
    apnsId,
    requestId,
    channel,
    authorization,
    priority: values[8],
    expiration: values[9],
    collapseId: values[10],
    hasDuplicate
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const isMessageId = (value: string | undefined): value is string => value !== undefined && uuid.test(value)

export const isPriority = (value: string): boolean => value === "10" || value === "5" || value === "1"

/** Whether a value is epoch seconds as `apns-expiration` carries them. */
export const isExpiration = (value: string): boolean => /^\d{1,19}$/.test(value)
