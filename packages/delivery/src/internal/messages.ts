/** Between notifications and the messages that are stored. Pure. */
import * as DateTime from "effect/DateTime"
import * as Notification from "effect-apns/Notification"
import type { Item, StoredMessage } from "../Element.ts"

type Writable<A> = { -readonly [K in keyof A]: A[K] }
type Recipient = StoredMessage["to"][number]
/** What is written before it is stored: recipients are added while neighbours share the message. */
type Draft = Writable<Omit<StoredMessage, "to">> & { readonly to: Array<Recipient> }

const instantOf = (time: Date | DateTime.DateTime): number =>
  DateTime.isDateTime(time) ? time.epochMilliseconds : time.getTime()

/** What the expiration of an item can be: see `Element.item`. */
const storedExpiration = ({ expiration }: Notification.Notification): number | "once" | undefined =>
  expiration instanceof Date ? expiration.getTime() : expiration === "once" ? expiration : undefined

const payloadOf = ({ content }: Notification.Notification): string =>
  content._tag === "Raw" && typeof content.body === "string" ? content.body : ""

const messageOf = ({ notification, deadlineMillis }: Item): Draft => {
  const { pushType, topic, topicSuffix, trust, priority, collapseId, replayUnknown } = notification
  const message: Draft = { payload: payloadOf(notification), to: [] }
  if (pushType !== undefined) message.pushType = pushType
  if (topic !== undefined) message.topic = topic
  if (topicSuffix !== undefined) message.topicSuffix = topicSuffix
  if (trust !== undefined) message.trust = trust
  if (priority !== undefined) message.priority = priority
  const expiration = storedExpiration(notification)
  if (expiration !== undefined) message.expiration = expiration
  if (collapseId !== undefined) message.collapseId = collapseId
  if (replayUnknown !== undefined) message.replayUnknown = replayUnknown
  if (deadlineMillis !== undefined) message.deadline = deadlineMillis
  return message
}

const recipientOf = ({ attempt, notification: { device, id, registeredAt } }: Item): Recipient => {
  const recipient: Writable<Recipient> = { device, id }
  if (registeredAt !== undefined) {
    const millis = instantOf(registeredAt)
    if (Number.isFinite(millis)) recipient.registeredAt = millis
  }
  if (attempt !== 1) recipient.attempt = attempt
  return recipient
}

/** Whether two items carry the same message, to different devices. */
const isSameMessage = (a: Item, b: Item): boolean => {
  const left = a.notification
  const right = b.notification
  return (
    left.content === right.content &&
    a.deadlineMillis === b.deadlineMillis &&
    left.collapseId === right.collapseId &&
    left.pushType === right.pushType &&
    left.topic === right.topic &&
    left.topicSuffix === right.topicSuffix &&
    left.priority === right.priority &&
    left.trust === right.trust &&
    left.replayUnknown === right.replayUnknown &&
    storedExpiration(left) === storedExpiration(right)
  )
}

/** A message is written once for neighbours that share it. */
export const toMessages = (items: ReadonlyArray<Item>): ReadonlyArray<StoredMessage> => {
  const messages: Array<Draft> = []
  let last: Item | undefined
  let message: Draft | undefined
  for (const item of items) {
    if (last === undefined || message === undefined || !isSameMessage(last, item)) {
      message = messageOf(item)
      messages.push(message)
    }
    message.to.push(recipientOf(item))
    last = item
  }
  return messages
}

/** A content that several notifications share is encoded and measured once. */
const contentOf = ({ payload, to }: StoredMessage): Notification.Content => {
  const content: Notification.Content = { _tag: "Raw", body: payload }
  if (to.length < 2) return content
  const [shared] = Notification.fanOut({ device: "", id: "", content }, [""])
  return shared?.content ?? content
}

export const fromMessages = (messages: ReadonlyArray<StoredMessage>): ReadonlyArray<Item> => {
  const items: Array<Item> = []
  for (const message of messages) {
    const { pushType, topic, topicSuffix, trust, priority, collapseId, replayUnknown, deadline } = message
    const content = contentOf(message)
    const expiration = typeof message.expiration === "number" ? new Date(message.expiration) : message.expiration
    for (const { attempt = 1, device, id, registeredAt } of message.to) {
      items.push({
        notification: {
          device,
          id,
          pushType,
          topic,
          topicSuffix,
          trust,
          priority,
          expiration,
          collapseId,
          registeredAt: registeredAt === undefined ? undefined : new Date(registeredAt),
          replayUnknown,
          content
        },
        attempt,
        deadlineMillis: deadline
      })
    }
  }
  return items
}
