/** A writer against its Schema: what comes out of either, and values that tell them apart. */
import { assert } from "@effect/vitest"
import { Result } from "effect"
import type { Notification } from "effect-apns"
import { encode } from "effect-apns/PayloadSchema"

/** What comes out: bytes, a refusal, or what is thrown. */
export const outcome = (notification: Notification.Notification): string => {
  try {
    const result = encode(notification)
    return Result.isSuccess(result)
      ? `written ${Buffer.from(result.success).toString("latin1")}`
      : `refused ${JSON.stringify(result.failure)} ${result.failure.message}`
  } catch (thrown) {
    return `thrown ${thrown}`
  }
}

export const typed = (notification: Notification.Notification) =>
  notification.content._tag === "Typed" ? notification.content : assert.fail("a typed content")

/** The same notification with nothing but its Schema. */
export const bySchema = (notification: Notification.Notification): Notification.Notification => ({
  ...notification,
  content: { ...typed(notification), write: undefined }
})

/** Whether the writer wrote it, rather than leaving it to the Schema. */
export const byHand = (notification: Notification.Notification): boolean => {
  const { value, write } = typed(notification)
  return write === undefined ? assert.fail("a content with a writer") : write(value) !== undefined
}

/** The same outcome, and written by hand or not as is expected. */
export const agrees = (notification: Notification.Notification, hand: boolean) => {
  assert.strictEqual(outcome(notification), outcome(bySchema(notification)))
  assert.strictEqual(byHand(notification), hand)
}

const getter = (get: () => unknown) => Object.defineProperty({}, "title", { enumerable: true, get })

const throwing = () => {
  throw new Error("no")
}

const cyclic = (): object => {
  const value: Record<string, unknown> = {}
  value.a = { b: [value], c: value }
  return value
}

const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) })

const wide = (levels: number): unknown => {
  let value: unknown = 1
  for (let i = 0; i < levels; i++) value = { a: value, b: value }
  return value
}

class Titled {
  title = "T"
  get body() {
    return "B"
  }
}

class Listed extends Array<unknown> {}

/** Made anew for each use. */
export const nasty: ReadonlyArray<readonly [string, () => unknown]> = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["true", () => true],
  ["false", () => false],
  ["0", () => 0],
  ["-0", () => -0],
  ["1", () => 1],
  ["-1", () => -1],
  ["0.5", () => 0.5],
  ["1.5", () => 1.5],
  ["NaN", () => Number.NaN],
  ["infinity", () => Number.POSITIVE_INFINITY],
  ["minus infinity", () => Number.NEGATIVE_INFINITY],
  ["2 ** 53", () => 2 ** 53],
  ["1e-7", () => 1e-7],
  ["1e21", () => 1e21],
  ["a BigInt", () => 1n],
  ["a symbol", () => Symbol("a")],
  ["a function", () => () => 1],
  ["a function with fields", () => Object.assign(() => 1, { title: "T" })],
  ["empty text", () => ""],
  ["active", () => "active"],
  ["text to escape", () => '"\\\n\u2028é🎉'],
  ["a lone surrogate", () => "\ud800"],
  ["text in an object", () => new String("x")],
  ["a number in an object", () => new Number(1)],
  ["a Date", () => new Date(0)],
  ["a Map", () => new Map([["a", 1]])],
  ["a regular expression", () => /x/],
  ["bytes", () => new Uint8Array([1])],
  ["an error", () => new Error("x")],
  ["an empty array", () => []],
  ["an array of text", () => ["a", "b"]],
  ["an array of mixed values", () => ["a", 1, null, { a: [] }]],
  ["an array with undefined", () => ["a", undefined]],
  ["an array with a hole", () => Object.assign(new Array<string>(3), { 0: "a", 2: "b" })],
  ["an array of nothing", () => new Array<string>(5)],
  ["an array with fields", () => Object.assign(["a"], { foo: 1n })],
  ["an array with toJSON", () => Object.assign(["a"], { toJSON: () => "J" })],
  ["an array of a class", () => Listed.from(["a"])],
  ["an empty object", () => ({})],
  ["an object", () => ({ title: "T", name: "N" })],
  ["an object in another order", () => ({ volume: 1, name: "N", body: "B", title: "T", critical: true })],
  ["an object with numeric keys", () => ({ b: 1, 2: "x", 1: "y", a: { 9: 1, z: 2, 0: 3 } })],
  ["an object with undefined", () => ({ title: undefined, name: undefined, volume: undefined })],
  ["an object with name and undefined", () => ({ critical: undefined, name: "N", volume: undefined })],
  ["an object with unknown keys", () => ({ title: "T", name: "N", extra: 1n })],
  ["an object with a symbol key", () => ({ title: "T", name: "N", [Symbol("a")]: 1n })],
  ["an object of a class", () => new Titled()],
  ["an object that inherits", () => Object.create({ title: "T", name: "N", aps: 1 })],
  ["an object without prototype", () => Object.assign(Object.create(null), { title: "T", name: "N" })],
  ["a hidden field", () => Object.defineProperty({}, "title", { value: "T" })],
  ["a hidden wrong field", () => Object.defineProperty({ name: "N" }, "title", { value: 5 })],
  ["a hidden aps", () => Object.defineProperty({ a: 1 }, "aps", { value: 5 })],
  ["the key aps", () => ({ aps: {} })],
  ["the key aps, undefined", () => ({ aps: undefined })],
  ["a getter", () => getter(() => "T")],
  ["a getter of a wrong type", () => getter(() => 5)],
  ["a getter that throws", () => getter(throwing)],
  ["a Proxy", () => new Proxy({ title: "T", name: "N" }, {})],
  ["a Proxy that denies its keys", () => new Proxy({ title: "T", name: "N" }, { has: () => false })],
  ["a Proxy that claims all keys", () => new Proxy({ title: "T", name: "N" }, { has: () => true })],
  ["a Proxy that has all", () => new Proxy({}, { get: () => "x" })],
  ["a Proxy that hides its keys", () => new Proxy({ title: "T", name: "N" }, { ownKeys: () => [] })],
  ["a Proxy that throws", () => new Proxy({}, { get: throwing, has: throwing, ownKeys: throwing })],
  ["a Proxy of an array", () => new Proxy(["a"], {})],
  [
    "a revoked Proxy",
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    }
  ],
  ["toJSON as text", () => ({ toJSON: "x", title: "T", name: "N" })],
  ["toJSON as a function", () => ({ toJSON: () => 5, title: "T", name: "N" })],
  ["a hidden toJSON", () => Object.defineProperty({ a: 1 }, "toJSON", { value: (key: string) => `J${key}` })],
  ["a hidden toJSON that throws", () => Object.defineProperty({ a: 1 }, "toJSON", { value: throwing })],
  ["a hidden toJSON of undefined", () => Object.defineProperty({ a: 1 }, "toJSON", { value: () => undefined })],
  ["an own __proto__", () => JSON.parse('{"__proto__":{"title":"T","name":1},"a":{"__proto__":[1]}}')],
  ["an own __proto__, wrong", () => Object.defineProperty({}, "__proto__", { value: 1n, enumerable: true })],
  ["constructor and prototype", () => JSON.parse('{"constructor":1,"prototype":{},"hasOwnProperty":3}')],
  [
    "the same object twice",
    () => {
      const a = { x: [1] }
      return { a, b: a, c: [a, a] }
    }
  ],
  ["a cycle", cyclic],
  ["a deep object", () => deep(400)],
  ["a very deep object", () => deep(3_000)],
  ["a wide object", () => wide(9)],
  ["a very wide object", () => wide(14)],
  ["a long array", () => Array.from({ length: 5_000 }, () => 1)]
]
