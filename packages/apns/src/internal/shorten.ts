/** Cuts chosen texts of a payload until it fits its limit. Runs only for payloads that do not. */
import type { TextField, Truncation } from "../Truncation.ts"
import { jsonBytes } from "./payloadSize.ts"

type Holder = { [key: string]: unknown }

const isHolder = (value: unknown): value is Holder =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The object that has the text, and its key there. */
const find = (payload: unknown, path: ReadonlyArray<string>): readonly [Holder, string] | undefined => {
  let holder = payload
  for (const key of path.slice(0, -1)) {
    if (!isHolder(holder) || !Object.hasOwn(holder, key)) return undefined
    holder = holder[key]
  }
  const last = path.at(-1)
  return last !== undefined && isHolder(holder) && Object.hasOwn(holder, last) ? [holder, last] : undefined
}

/** An alert that is plain text is all body. */
const place = (payload: unknown, field: TextField) => {
  if (typeof field !== "string") return find(payload, field)
  const alert = find(payload, ["aps", "alert"])
  if (field === "body" && alert !== undefined && typeof alert[0][alert[1]] === "string") return alert
  return find(payload, ["aps", "alert", field])
}

/**
 * The longest beginning of `text`, in whole graphemes and with `ellipsis` after it, that takes at most `room` bytes as
 * JSON; the empty text where not even the ellipsis fits. `text` itself takes more.
 */
export const cut = (text: string, room: number, ellipsis: string): string => {
  if (jsonBytes(ellipsis) > room) return ""
  // A code unit takes a byte at least. The two beyond make whole the character on which the last boundary depends.
  const window = text.slice(0, room + 2)
  const segments = new Intl.Segmenter("en", { granularity: "grapheme" }).segment(window)
  const upTo = (index: number) => window.slice(0, segments.containing(index)?.index) + ellipsis
  let low = 0
  let high = Math.min(room, window.length - 1)
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (jsonBytes(upTo(middle)) <= room) low = middle
    else high = middle - 1
  }
  return upTo(low)
}

/**
 * The body with its texts cut, field by field, until it fits `limit`; with all of them empty where that is not enough.
 * `body` is JSON that `JSON.stringify` wrote.
 */
export const shorten = (body: Uint8Array, limit: number, { ellipsis = "…", fields }: Truncation): Uint8Array => {
  const payload: unknown = JSON.parse(new TextDecoder().decode(body))
  // A lone surrogate in it would be as bad as one of our making.
  const mark = Buffer.from(ellipsis).toString()
  let excess = body.length - limit
  for (const field of fields) {
    const found = place(payload, field)
    if (found === undefined) continue
    const [holder, key] = found
    const text = holder[key]
    if (typeof text !== "string") continue
    const bytes = jsonBytes(text)
    const shorter = cut(text, bytes - excess, mark)
    holder[key] = shorter
    excess -= bytes - jsonBytes(shorter)
    if (excess <= 0) break
  }
  return Buffer.from(JSON.stringify(payload))
}
