/**
 * What lies in a queue: a chunk of notifications, as data that another process, maybe of another release, can send.
 *
 * A message is stored once for all the devices it goes to. What is stored is what would be sent: the payload as encoded
 * text, the expiration as an instant. So the process that sends needs no Schema of the payload.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { ApnsError } from "effect-apns/ApnsError"
import * as Notification from "effect-apns/Notification"
import type { PayloadSchema } from "effect-apns/PayloadSchema"
import { InvalidNotification } from "effect-apns/Reason"
import { fromMessages, toMessages } from "./internal/messages.ts"

/**
 * A notification in a queue, and how far it has come.
 *
 * @category models
 * @since 0.1.0
 */
export interface Item {
  /** Made by `item`: its payload is text, its expiration an instant. */
  readonly notification: Notification.Notification
  /** Which attempt comes next, from 1. An attempt is one `send`, with the retries that the library makes itself. */
  readonly attempt: number
  /** After which it is not sent any more, in epoch milliseconds. Absent, its expiration alone counts. */
  readonly deadlineMillis?: number | undefined
}

/**
 * A chunk of notifications.
 *
 * @category models
 * @since 0.1.0
 */
export interface Element {
  readonly items: ReadonlyArray<Item>
  /** When its notifications were given to the queue, in epoch milliseconds: of several, the first. */
  readonly enqueuedAtMillis: number
  /** The spans that gave them to the queue, as W3C Trace Context writes them (`traceparent`). */
  readonly traces: ReadonlyArray<string>
}

const optional = Schema.optionalKey

/** To whom a message goes. */
const Recipient = Schema.Struct({
  device: Schema.String,
  id: Schema.String,
  /** Epoch milliseconds. */
  registeredAt: optional(Schema.Finite),
  /** Absent, the first. */
  attempt: optional(Schema.Finite)
})

const Message = Schema.Struct({
  payload: Schema.String,
  pushType: optional(Schema.String),
  topic: optional(Schema.String),
  topicSuffix: optional(Schema.String),
  trust: optional(Schema.Literals(["token", "certificate"])),
  priority: optional(Schema.Finite),
  /** Epoch milliseconds, or one try. */
  expiration: optional(Schema.Union([Schema.Literal("once"), Schema.Finite])),
  collapseId: optional(Schema.String),
  replayUnknown: optional(Schema.Boolean),
  /** Epoch milliseconds. */
  deadline: optional(Schema.Finite),
  to: Schema.Array(Recipient)
})

const Stored = Schema.Struct({
  v: Schema.Literal(1),
  /** Epoch milliseconds. */
  at: Schema.Finite,
  traces: optional(Schema.Array(Schema.String)),
  messages: Schema.Array(Message)
})

/**
 * A message and to whom it goes, as it is stored.
 *
 * @category models
 * @since 0.1.0
 */
export type StoredMessage = typeof Message.Type

/**
 * An element as it is stored, in JSON. `v` is the version of this form: a release reads the forms of the one before and
 * the one after it, so that old and new processes may work on one queue. Keys that it does not know it passes over.
 *
 * @category models
 * @since 0.1.0
 */
export type StoredElement = typeof Stored.Type

const isElement = (u: unknown): u is Element =>
  typeof u === "object" && u !== null && "items" in u && Array.isArray(u.items)

/**
 * The Schema of what is stored.
 *
 * **When to use**
 *
 * The outbox and the worker use it. Use it yourself where another broker carries the chunks: `Schema.fromJsonString(Element)`
 * encodes them to text and decodes them again.
 *
 * **Details**
 *
 * An element of an unknown version does not decode. The worker's queue keeps it among its failed elements.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Element: Schema.Codec<Element, StoredElement> = Stored.pipe(
  Schema.decodeTo(
    Schema.declare(isElement),
    SchemaTransformation.transform<Element, StoredElement>({
      decode: ({ at, messages, traces = [] }) => ({ items: fromMessages(messages), enqueuedAtMillis: at, traces }),
      encode: ({ enqueuedAtMillis, items, traces }) => ({
        v: 1,
        at: enqueuedAtMillis,
        ...(traces.length > 0 && { traces }),
        messages: toMessages(items)
      })
    })
  )
)

/**
 * How a notification is made ready to be stored.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface ItemOptions {
  /** When it is to be sent first, in epoch milliseconds. */
  readonly dueMillis: number
  /**
   * After which it is not sent any more, in epoch milliseconds. Default: its expiration; an hour after `dueMillis` for the
   * expiration `"once"`, which asks for now or never.
   */
  readonly deadlineMillis?: number | undefined
  /** What encodes the payload. Default: as `PayloadSchema.layer`. */
  readonly encode?: PayloadSchema["Service"]["encode"] | undefined
}

const hourMillis = Duration.toMillis("1 hour")

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The body as text; `undefined` when it is no text, which only raw bytes can be. */
const textOf = (body: Uint8Array): string | undefined => {
  try {
    return utf8.decode(body)
  } catch {
    return undefined
  }
}

const notText = ({ id }: Notification.Notification) =>
  new ApnsError({
    attempts: 0,
    notificationId: id,
    reason: new InvalidNotification({
      field: "payload",
      problem: "is not UTF-8",
      cure: "Give JSON; a queue keeps the payload as text."
    })
  })

type Shared = {
  readonly given: Notification.Content
  readonly body: Uint8Array
  readonly content: Notification.Content
}

const expirationOf = ({ expiration }: Notification.Notification, expiresAtMillis: number) =>
  expiration === "once"
    ? expiration
    : expiresAtMillis === Number.POSITIVE_INFINITY
      ? undefined
      : new Date(expiresAtMillis)

/**
 * Makes a function like `item` for many: notifications that share their content (`Notification.fanOut`), one after the
 * other, share what is stored of it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const itemsWith = (
  options: ItemOptions
): ((notification: Notification.Notification) => Result.Result<Item, ApnsError>) => {
  const { deadlineMillis, dueMillis, encode } = options
  const checking = { nowMillis: dueMillis, encode }
  let shared: Shared | undefined
  return (notification) => {
    const checked = Notification.check(notification, checking)
    if (Result.isFailure(checked)) return Result.fail(checked.failure)
    const { body, expiresAtMillis } = checked.success
    if (shared === undefined || shared.given !== notification.content || shared.body !== body) {
      const text = textOf(body)
      if (text === undefined) return Result.fail(notText(notification))
      shared = { given: notification.content, body, content: { _tag: "Raw", body: text } }
    }
    const { device, id, pushType, topic, topicSuffix, trust, priority, collapseId, registeredAt, replayUnknown } =
      notification
    return Result.succeed({
      notification: {
        device,
        id,
        pushType,
        topic,
        topicSuffix: topicSuffix === "" ? undefined : topicSuffix,
        trust,
        priority,
        expiration: expirationOf(notification, expiresAtMillis),
        collapseId,
        registeredAt,
        replayUnknown,
        content: shared.content
      },
      attempt: 1,
      deadlineMillis: deadlineMillis ?? (notification.expiration === "once" ? dueMillis + hourMillis : undefined)
    })
  }
}

/**
 * Makes a notification ready to be stored: checks it, encodes its payload and turns its expiration into an instant.
 *
 * **Details**
 *
 * Fails with `InvalidNotification`, as `send` would.
 *
 * @category constructors
 * @since 0.1.0
 */
export const item = (notification: Notification.Notification, options: ItemOptions): Result.Result<Item, ApnsError> =>
  itemsWith(options)(notification)

/**
 * Makes an element of notifications: what a message of another broker should hold.
 *
 * **Details**
 *
 * Fails with `InvalidNotification` for the first that `send` would refuse. A chunk ends with its slowest notification: some 50 notifications
 * are a good size, or 500 that share their content.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  notifications: Iterable<Notification.Notification>,
  options: ItemOptions
): Result.Result<Element, ApnsError> => {
  const toItem = itemsWith(options)
  const items: Array<Item> = []
  for (const notification of notifications) {
    const item = toItem(notification)
    if (Result.isFailure(item)) return Result.fail(item.failure)
    items.push(item.success)
  }
  return Result.succeed({ items, enqueuedAtMillis: options.dueMillis, traces: [] })
}

/**
 * After which an item is not sent any more, in epoch milliseconds; `Infinity` when there is no such time.
 *
 * @category getters
 * @since 0.1.0
 */
export const untilMillis = ({ deadlineMillis, notification: { expiration } }: Item): number => {
  const expires = expiration instanceof Date ? expiration.getTime() : Number.POSITIVE_INFINITY
  return deadlineMillis === undefined ? expires : Math.min(deadlineMillis, expires)
}
