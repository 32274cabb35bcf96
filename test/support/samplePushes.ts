/** What the developers of some apps might send in an afternoon: for screenshots, and for looking at the page. */
import { createHash } from "node:crypto"
import type { RawPush } from "./provider.ts"

const token = (name: string, bytes = 32): string =>
  createHash("shake256", { outputLength: bytes }).update(name).digest("hex")

export const phones = { ada: token("ada"), grace: token("grace"), linus: token("linus"), gone: token("gone") }
const match = token("match", 80)

const push = (
  type: string,
  app: string,
  device: string,
  payload: unknown,
  headers: Readonly<Record<string, string>> = {}
): RawPush => {
  const suffix = { liveactivity: ".push-type.liveactivity", voip: ".voip", widgets: ".push-type.widgets" }[type] ?? ""
  return {
    device,
    headers: { "apns-push-type": type, "apns-topic": `${app}${suffix}`, "apns-priority": "10", ...headers },
    payload
  }
}

const alert = (app: string, device: string, aps: object, data: object = {}, headers: Record<string, string> = {}) =>
  push("alert", app, device, { aps, ...data }, headers)

const game = (minute: number, home: number, away: number, more: object = {}) => ({
  period: minute > 45 ? "Second half" : "First half",
  minute,
  score: { home, away },
  ...more
})

const epoch = () => Math.floor(Date.now() / 1_000)

const activity = (event: string, state: object, more: object = {}) =>
  push("liveactivity", "com.example.stadium", match, {
    aps: { timestamp: epoch(), event, "content-state": state, ...more }
  })

/** A goal, for all who follow the match. */
export const sampleBroadcast = (channel: string): RawPush => ({
  path: "/4/broadcasts/apps/com.example.stadium",
  headers: {
    "apns-channel-id": channel,
    "apns-expiration": String(epoch() + 3_600),
    "apns-priority": "10",
    "apns-push-type": "liveactivity"
  },
  payload: { aps: { timestamp: epoch(), event: "update", "content-state": game(52, 1, 1, { scorer: "Lindqvist" }) } }
})

/** In the order they are sent. */
export const samplePushes = (): ReadonlyArray<RawPush> => [
  alert("com.example.courier", phones.ada, {
    alert: { title: "Order confirmed", body: "Thank you, Ada. We will tell you when it leaves." },
    "thread-id": "order-1042",
    sound: "default"
  }),
  push(
    "background",
    "com.example.notes",
    phones.grace,
    { aps: { "content-available": 1 }, sync: "notebooks" },
    { "apns-priority": "5" }
  ),
  alert("com.example.chat", phones.grace, {
    alert: { title: "Jonas", subtitle: "Weekend trip", body: "Shall we take the early train on Saturday?" },
    "thread-id": "trip",
    "mutable-content": 1,
    sound: "message.caf",
    badge: 2
  }),
  push(
    "voip",
    "com.example.chat",
    token("voip", 54),
    { caller: "Jonas", call: "c-77", video: true },
    { "apns-expiration": "0" }
  ),
  activity("start", game(1, 0, 0), {
    "attributes-type": "MatchAttributes",
    attributes: { home: "Northgate", away: "Riverside" },
    alert: { title: "Kick-off", body: "Northgate against Riverside has begun." }
  }),
  alert("com.example.weather", phones.linus, {
    alert: { title: "Storm warning", body: "Gusts up to 110 km/h from 18:00. Stay inside if you can." },
    "interruption-level": "critical",
    sound: { critical: 1, name: "alarm.caf", volume: 0.8 }
  }),
  alert("com.example.courier", phones.gone, { alert: "We miss you" }),
  activity("update", game(23, 1, 0, { scorer: "Okafor" })),
  alert("com.example.chess", phones.ada, {
    alert: { "title-loc-key": "GAME_INVITE_TITLE", "loc-key": "GAME_INVITE", "loc-args": ["Jenna", "Zürich Open"] },
    category: "INVITE",
    "interruption-level": "time-sensitive"
  }),
  push("widgets", "com.example.weather", phones.linus, { aps: { "content-changed": true } }, { "apns-priority": "5" }),
  alert("com.example.news", phones.linus, {
    alert: { title: "The morning briefing", body: "Five stories for your coffee." },
    "interruption-level": "passive",
    "relevance-score": 0.2
  }),
  push("background", "com.example.notes", phones.ada, { aps: { "content-available": 1 }, sync: "tags" }),
  activity("update", game(52, 1, 1, { scorer: "Lindqvist" })),
  alert("com.example.news", phones.ada, {
    alert: { title: "Terms of service", body: "We changed our terms. ".repeat(200) }
  }),
  alert(
    "com.example.courier",
    phones.ada,
    {
      alert: { title: "Almost there", body: "Your courier is two stops away." },
      "thread-id": "order-1042",
      sound: "default"
    },
    { orderId: 1042 }
  ),
  activity("end", game(90, 2, 1, { scorer: "Okafor" }), { "dismissal-date": epoch() + 900 }),
  alert(
    "com.example.courier",
    phones.ada,
    {
      alert: {
        title: "Your order is at the door",
        subtitle: "Order 1042",
        body: "Left with your neighbour at number 12. Enjoy!"
      },
      badge: 1,
      sound: "default",
      "thread-id": "order-1042",
      "mutable-content": 1,
      "interruption-level": "time-sensitive"
    },
    { orderId: 1042, courier: { name: "Sam", vehicle: "bicycle" }, photo: "https://cdn.example.com/p/1042.jpg" },
    { "apns-collapse-id": "order-1042", "apns-expiration": String(epoch() + 3_600) }
  )
]

const greetings = ["Standing order paid", "Your table is booked", "Lights are off", "Tests are green", "A new comment"]
const senders = ["com.example.bank", "com.example.table", "com.example.home", "com.example.ci", "com.example.chat"]

/** Ordinary traffic: an alert to some device, the same for the same number. */
export const trafficPush = (index: number): RawPush =>
  alert(senders[index % 5] ?? "", token(`traffic ${index % 40}`), {
    alert: { title: greetings[index % 5] ?? "", body: `Message ${index}` }
  })
