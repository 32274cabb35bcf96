/**
 * `.apns` files: the payloads that Xcode's Simulator takes, by `xcrun simctl push` or dropped onto its window.
 *
 * A file is a JSON object: the payload, with an `aps` dictionary, and beside it the key `Simulator Target Bundle`, the
 * bundle ID of the app to push to. It may be absent where the bundle ID is given to `simctl`, whose argument wins. A file
 * has 4,096 bytes at most, and holds an alert or a background push: `simctl` takes no other push types. Sources:
 * `xcrun simctl help push`; Apple, "Xcode 11.4 Release Notes".
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { finite, isJsonObject, jsonObject } from "./internal/jsonText.ts"
import { tooLarge } from "./internal/payloadSize.ts"
import * as Notification from "./Notification.ts"
import { encode } from "./PayloadSchema.ts"
import { InvalidNotification } from "./Reason.ts"

/**
 * The key of an `.apns` file that names the app, and that no other payload has.
 *
 * @category constants
 * @since 0.1.0
 */
export const bundleIdKey = "Simulator Target Bundle"

/** What `simctl` takes, in bytes of the file. */
const sizeLimit = 4096

/**
 * What an `.apns` file holds.
 *
 * @category models
 * @since 0.1.0
 */
export interface ApnsFile {
  /** The app to push to: the value of `Simulator Target Bundle`. */
  readonly bundleId?: string | undefined
  /** The payload as it goes over the wire, without `Simulator Target Bundle`. */
  readonly payload: Schema.JsonObject & { readonly aps: Schema.JsonObject }
}

/**
 * What is wrong with an `.apns` file.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidApnsFile extends Data.TaggedError("InvalidApnsFile")<{
  readonly problem: string
  readonly cure: string
  /** For a file that is not JSON: where, counted from 1; the column in UTF-16 code units, as editors count. */
  readonly position?: { readonly line: number; readonly column: number } | undefined
}> {
  override get message(): string {
    const at = this.position === undefined ? "" : ` at line ${this.position.line}, column ${this.position.column}`
    return `The .apns file ${this.problem}${at}. ${this.cure}`
  }
}

const fail = (problem: string, cure: string) => Result.fail(new InvalidApnsFile({ problem, cure }))

const isPayload = (value: unknown): value is ApnsFile["payload"] =>
  isJsonObject(value) && Object.hasOwn(value, "aps") && isJsonObject(value.aps)

/**
 * Reads an `.apns` file.
 *
 * **Details**
 *
 * The payload is kept as it is, with whatever keys it has. For a typed value decode it by a Schema, as in the example.
 * Its size is not checked: `send` measures the payload without the file's white space.
 *
 * Fails with `InvalidApnsFile` for bytes that are not UTF-8, text that is not JSON (naming line and column), a file
 * without an `aps` dictionary, and a `Simulator Target Bundle` that is not a bundle ID.
 *
 * **Example** (Reading a file's payload as an alert)
 *
 * ```ts run
 * import { Result, Schema } from "effect"
 * import { ApnsFile, Payload } from "effect-apns"
 *
 * const file = Result.getOrThrow(
 *   ApnsFile.read('{ "Simulator Target Bundle": "com.example.app", "aps": { "thread-id": "chat" }, "orderId": 42 }')
 * )
 * file.bundleId // => "com.example.app"
 *
 * const Order = Payload.make(Payload.AlertAps, Schema.Struct({ orderId: Schema.Int }))
 * const { aps, data } = Schema.decodeUnknownSync(Order)(file.payload)
 * aps.threadId // => "chat"
 * data.orderId // => 42
 * ```
 *
 * @category decoding
 * @since 0.1.0
 */
export const read = (source: string | Uint8Array): Result.Result<ApnsFile, InvalidApnsFile> => {
  const object = jsonObject(source, 'Give an object with the key "aps".')
  if (Result.isFailure(object)) return Result.fail(new InvalidApnsFile(object.failure))
  const { [bundleIdKey]: bundleId, ...payload } = object.success
  if (bundleId !== undefined && (typeof bundleId !== "string" || bundleId.trim() === "")) {
    return fail(`has a "${bundleIdKey}" that is no bundle ID`, 'Give text such as "com.example.app", or leave it out.')
  }
  if (!isPayload(payload)) return fail('has no "aps" dictionary', 'Give the key "aps" with an object.')
  return Result.succeed({ bundleId, payload })
}

const invalid = (field: string, problem: string, cure: string) =>
  Result.fail(new InvalidNotification({ field, problem, cure }))

/**
 * The push types that a file's payload can have.
 *
 * @category models
 * @since 0.1.0
 */
export type PushType = "alert" | "background" | "liveactivity"

/** The push type that a payload certainly has: Apple's rules leave it no other. */
const pushTypeOf = (aps: Schema.JsonObject): PushType | undefined => {
  const has = (key: string) => aps[key] !== undefined && aps[key] !== null
  if (has("event") || has("content-state") || has("content-changed") || has("url-args")) {
    const isEvent = aps.event === "start" || aps.event === "update" || aps.event === "end"
    return isEvent && typeof aps.timestamp === "number" ? "liveactivity" : undefined
  }
  if (has("alert") || has("badge") || has("sound")) return "alert"
  return aps["content-available"] === 1 ? "background" : undefined
}

const liveActivitySuffix = ".push-type.liveactivity"

/**
 * What to add to a file for a notification.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Notification.Common {
  /** The app's bundle ID. Default: the file's; where it has none, the layer's. */
  readonly topic?: string | undefined
  /** Default: what `aps` says, where it leaves no doubt. */
  readonly pushType?: PushType | undefined
  /** Default: 5 for a background push, which allows no other; APNs' own default, 10, for the others. */
  readonly priority?: Notification.Priority | undefined
}

/**
 * The notification that sends a file's payload to a device.
 *
 * **Details**
 *
 * The payload is sent as the file has it, unknown keys and all. The push type is told from `aps`: an `event` with a
 * `timestamp` is a Live Activity's; `alert`, `badge` or `sound` make an alert; `content-available` without them is a
 * background push (Apple, "Generating a remote notification"). Fails with `InvalidNotification` where that does not decide
 * it and `pushType` is not given, for a background push of another priority than 5, and for a Live Activity without a
 * bundle ID, which its topic is made of.
 *
 * **Example** (Sending a file to a device)
 *
 * ```ts run
 * import { Result } from "effect"
 * import { ApnsFile } from "effect-apns"
 *
 * const n = ApnsFile.read('{ "Simulator Target Bundle": "com.example.app", "aps": { "badge": 3 } }').pipe(
 *   Result.flatMap((file) => ApnsFile.toNotification(file, { device: "7a1f0c3b5d2e4f60" })),
 *   Result.getOrThrow
 * )
 * n.pushType // => "alert"
 * n.topic // => "com.example.app"
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const toNotification = (
  { bundleId, payload }: ApnsFile,
  options: Options
): Result.Result<Notification.Notification, InvalidNotification> => {
  const pushType = options.pushType ?? pushTypeOf(payload.aps)
  if (pushType === undefined) {
    return invalid("pushType", "cannot be told from the payload", 'Give it, such as "alert", beside the device.')
  }
  if (pushType === "background" && options.priority !== undefined && options.priority !== 5) {
    return invalid("priority", `${options.priority} does not go with a background push`, "Leave it out: it is 5.")
  }
  const bundle = options.topic ?? bundleId
  if (pushType === "liveactivity" && bundle === undefined) {
    return invalid("topic", "is missing", "Give the app's bundle ID: the topic of a Live Activity is made of it.")
  }
  const suffix = pushType === "liveactivity" && bundle?.endsWith(liveActivitySuffix) === false ? liveActivitySuffix : ""
  return Result.succeed(
    Notification.raw({
      ...options,
      pushType,
      topic: bundle === undefined ? undefined : `${bundle}${suffix}`,
      priority: options.priority ?? (pushType === "background" ? 5 : undefined),
      payload
    })
  )
}

/** The object that a notification's body is. */
const payloadOf = (
  notification: Notification.Notification
): Result.Result<ApnsFile["payload"], InvalidNotification> => {
  const body = encode(notification)
  if (Result.isFailure(body)) return Result.fail(body.failure)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body.success), finite)
  } catch {
    return invalid("payload", "is not JSON that can be written again", "Give an object as the payload.")
  }
  if (!isPayload(value)) return invalid("payload", 'has no "aps" dictionary', "simctl takes no payload without one.")
  if (Object.hasOwn(value, bundleIdKey)) {
    return invalid("payload", `has a key "${bundleIdKey}"`, "Leave it out, and give `bundleId`.")
  }
  return Result.succeed(value)
}

/**
 * Writes a notification's payload as an `.apns` file.
 *
 * **Details**
 *
 * The app is `bundleId`, by default the notification's own `topic`; without either the file names none, and `simctl` must
 * be told. The text is indented JSON, or compact where only that keeps within the 4,096 bytes; the same notification gives
 * the same text. What is no part of the payload is not in it: device, id, priority, expiration, collapse id.
 *
 * Fails with `InvalidNotification` for push types other than `"alert"` and `"background"`, payloads without an `aps`
 * dictionary or over the limit, and whatever `send` would refuse in the payload.
 *
 * **Example** (Writing a file for `simctl push`)
 *
 * ```ts run
 * import { Result } from "effect"
 * import { ApnsFile, Notification } from "effect-apns"
 *
 * const n = Notification.alert({ device: "7a1f0c3b5d2e4f60", alert: "Hello" })
 * const text = Result.getOrThrow(ApnsFile.write(n, { bundleId: "com.example.app" }))
 * text.split("\n")[1] // => '  "Simulator Target Bundle": "com.example.app",'
 * ```
 *
 * @category encoding
 * @since 0.1.0
 */
export const write = (
  notification: Notification.Notification,
  options?: { readonly bundleId?: string | undefined }
): Result.Result<string, InvalidNotification> => {
  if (notification.pushType !== "alert" && notification.pushType !== "background") {
    return invalid("pushType", "is none that simctl takes", 'Only "alert" and "background" go into an .apns file.')
  }
  const bundleId = options?.bundleId ?? notification.topic
  if (bundleId?.trim() === "") return invalid("topic", "is empty", "Give the app's bundle ID, or leave it out.")
  return Result.flatMap(payloadOf(notification), (payload) => {
    const file = bundleId === undefined ? payload : { [bundleIdKey]: bundleId, ...payload }
    const pretty = `${JSON.stringify(file, null, 2)}\n`
    if (Buffer.byteLength(pretty) <= sizeLimit) return Result.succeed(pretty)
    const compact = JSON.stringify(file)
    const bytes = Buffer.from(compact)
    return bytes.length <= sizeLimit
      ? Result.succeed(compact)
      : Result.fail(tooLarge(bytes, sizeLimit, "simctl push", false))
  })
}
