/**
 * What broadcasts and the management of channels have in common: the forms of a channel's id and of a bundle ID. Pure.
 */

/** What is wrong, and how to mend it. */
export interface Problem {
  readonly problem: string
  readonly cure: string
}

/** Base64 in either alphabet, padded or not: Apple states no more than that it is base64, and no length. */
const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/

/** Letters, digits, hyphens and full stops by Apple's rule; the rest is what a path takes unescaped (RFC 3986, 2.3). */
const pathSegment = /^[A-Za-z0-9][A-Za-z0-9._~-]*$/

export const channelProblem = (channel: unknown): Problem | undefined => {
  if (typeof channel === "string" && base64.test(channel)) return undefined
  const cure = "Give the channel's id as APNs returned it, in base64."
  return { problem: channel === undefined || channel === "" ? "is missing or empty" : "is not base64", cure }
}

/** Apple, "Sending channel management requests to APNs": the bundle ID, without the suffix of a push type. */
export const bundleIdProblem = (bundleId: unknown): Problem | undefined => {
  if (typeof bundleId === "string" && pathSegment.test(bundleId)) return undefined
  if (bundleId === undefined || bundleId === "") {
    return { problem: "is missing", cure: "Set the layer's `topic` (APNS_TOPIC) to the app's bundle ID." }
  }
  return { problem: "is not a bundle ID", cure: "Give the app's bundle ID, such as com.example.app." }
}
