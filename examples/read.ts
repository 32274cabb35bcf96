/** Notifications from a file, one JSON object a line. */
import { readFile } from "node:fs/promises"
import { Data, Effect, Result, Schema } from "effect"
import { Notification, Payload } from "effect-apns"

export class BadInput extends Data.TaggedError("BadInput")<{ readonly message: string }> {}

export const read = (path: string) =>
  Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (cause) => new BadInput({ message: `${path} cannot be read: ${String(cause)}` })
  })

const common = {
  device: Schema.String,
  topic: Schema.optional(Schema.String),
  expiration: Schema.optional(
    Schema.Union([
      Schema.Literal("once"),
      Schema.TemplateLiteral([Schema.Finite, " ", Schema.Literals(["seconds", "minutes", "hour", "hours", "days"])])
    ])
  ),
  collapseId: Schema.optional(Schema.String)
}

/** A line of the file: the payload is written as the app receives it. */
const Row = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("alert"),
    ...common,
    priority: Schema.optional(Schema.Literals([1, 5, 10])),
    payload: Payload.make(Payload.AlertAps, Schema.JsonObject)
  }),
  Schema.Struct({
    type: Schema.Literal("background"),
    ...common,
    payload: Payload.make(Payload.BackgroundAps, Schema.JsonObject)
  }),
  Schema.Struct({
    type: Schema.Literal("raw"),
    ...common,
    pushType: Schema.String,
    priority: Schema.optional(Schema.Finite),
    payload: Schema.JsonObject
  })
])

const toNotification = (row: typeof Row.Type): Notification.Notification => {
  switch (row.type) {
    case "alert": {
      const { payload, type: _, ...rest } = row
      return Notification.alert({ ...rest, ...payload.aps, data: payload.data })
    }
    case "background":
      return Notification.background({ ...row, data: row.payload.data })
    case "raw":
      return Notification.raw(row)
  }
}

const decodeRow = Schema.decodeUnknownResult(Schema.fromJsonString(Row))

export const readNotifications = Effect.fnUntraced(function* (path: string) {
  const notifications: Array<Notification.Notification> = []
  for (const [index, line] of (yield* read(path)).split("\n").entries()) {
    if (line.trim() === "") continue
    const row = decodeRow(line)
    if (Result.isFailure(row)) {
      const message = row.failure.message.replaceAll(/\s*\n\s*/g, " ")
      return yield* new BadInput({ message: `${path}, line ${index + 1}: ${message}` })
    }
    notifications.push(toNotification(row.success))
  }
  return notifications
})
