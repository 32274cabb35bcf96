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

export interface Request {
  readonly listener: Listener
  readonly method: string
  readonly path: string
  /** Name (lower case) and value in the order received. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  /** The body as text; cut when it is far above every limit. */
  readonly body: string
  readonly bodyBytes: number
}

/** A request with its parts named. */
export interface ReadRequest extends Request {
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

export const first = (request: Request, name: string): string | undefined =>
  request.headers.find((header) => header[0] === name)?.[1]

export const readRequest = (request: Request): ReadRequest => {
  const route = routeOf(request.listener, request.path)
  return {
    ...request,
    route,
    device: route?._tag === "device" ? route.token : undefined,
    bundleId: route === undefined || route._tag === "device" ? undefined : route.bundleId,
    topic: first(request, "apns-topic"),
    pushType: first(request, "apns-push-type"),
    apnsId: first(request, "apns-id"),
    requestId: first(request, "apns-request-id"),
    channel: first(request, "apns-channel-id"),
    authorization: first(request, "authorization")
  }
}

export const hasDuplicate = (request: Request): boolean => {
  const seen = new Set<string>()
  for (const [name] of request.headers) {
    // RFC 9113, section 8.2.3: cookies may be split into several fields.
    if (name !== "cookie" && seen.has(name)) return true
    seen.add(name)
  }
  return false
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const isMessageId = (value: string | undefined): value is string => value !== undefined && uuid.test(value)

export const isPriority = (value: string): boolean => value === "10" || value === "5" || value === "1"

/** Whether a value is epoch seconds as `apns-expiration` carries them. */
export const isExpiration = (value: string): boolean => /^\d{1,19}$/.test(value)
