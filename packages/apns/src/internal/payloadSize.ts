/** What to say of a payload that is too large: by how much, and where the bytes are. Computed for the error alone. */
import { InvalidNotification, type KeySize } from "../Reason.ts"

/** How many keys are named. */
const most = 3

/** A key longer than this is cut where it is shown. */
const longestKey = 40

/** An object inside of so many others is named as one: its keys would help nobody, and thousands may be inside of each other. */
const deepest = 8

/** The bytes that a value of JSON takes in a body. */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A key of an object, after the keys that lead to it. */
export const step = (path: string, key: string): string => {
  if (/^[\w-]+$/.test(key) && key.length <= longestKey) return path === "" ? key : `${path}.${key}`
  const shown = key.length <= longestKey ? key : `${key.slice(0, longestKey)}…`
  return `${path}[${JSON.stringify(shown)}]`
}

interface Measured {
  readonly bytes: number
  /** The keys that stand for the value, largest first. */
  readonly largest: ReadonlyArray<KeySize>
}

/**
 * An object is represented by its largest keys where they make up at least half of it, and by itself otherwise: five
 * hundred small keys are named by what holds them. An array is one key.
 */
const measure = (value: unknown, key: string, depth: number): Measured => {
  if (depth === deepest || !isObject(value)) {
    const bytes = jsonBytes(value)
    return { bytes, largest: [{ key, bytes }] }
  }
  let bytes = 1
  const inner: Array<KeySize> = []
  for (const [name, item] of Object.entries(value)) {
    const measured = measure(item, step(key, name), depth + 1)
    bytes += jsonBytes(name) + 2 + measured.bytes
    inner.push(...measured.largest)
  }
  bytes = Math.max(2, bytes)
  const largest = inner.sort((a, b) => b.bytes - a.bytes).slice(0, most)
  const named = largest.reduce((sum, one) => sum + one.bytes, 0)
  return { bytes, largest: key === "" || named * 2 >= bytes ? largest : [{ key, bytes }] }
}

/** The largest keys of a body; none where it is not an object in JSON, or nested too deeply to tell. */
const largestKeys = (body: Uint8Array): ReadonlyArray<KeySize> => {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body))
    return isObject(value) ? measure(value, "", 0).largest : []
  } catch {
    return []
  }
}

const group = (n: number) => n.toLocaleString("en-US")

const count = (n: number) => `${group(n)} ${n === 1 ? "byte" : "bytes"}`

/** The refusal of a body over its limit. `what` the limit is for, if anything, is shown in quotes. */
export const tooLarge = (
  body: Uint8Array,
  limit: number,
  what: string | undefined,
  shortened: boolean
): InvalidNotification => {
  const bytes = body.length
  const largest = largestKeys(body)
  const named = largest.map(({ key, bytes }) => `${key} ${count(bytes)}`).join(", ")
  return new InvalidNotification({
    field: "payload",
    problem: `is ${count(bytes)}${shortened ? " with its text shortened," : ""} and the limit${what === undefined ? "" : ` for "${what}"`} is ${group(limit)}`,
    cure: `Shorten it by ${count(bytes - limit)}.${named === "" ? "" : ` Largest: ${named}.`}`,
    size: { bytes, limit, largest }
  })
}
