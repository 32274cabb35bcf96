/**
 * The web inbox with live data: a local APNs that stays, and an app's backend that pushes to it.
 *
 *     npm run inbox
 *
 * Orders, chats, breaking news, a ride's Live Activity, calls, background refreshes: what a busy app sends, some of it wrong, a
 * few a second. Nothing leaves this machine.
 */
import { fileURLToPath } from "node:url"
import { NodeRuntime } from "@effect/platform-node"
import { type Scenario, Simulator } from "@effect-apns/simulator"
import { ControlServer } from "@effect-apns/simulator/ControlServer"
import { announcement, simulatorProcess } from "@effect-apns/simulator/SimulatorProcess"
import { Console, Effect, Layer, Redacted, Stream } from "effect"
import { Apns, Credentials, Notification, sendAll } from "effect-apns"

const topic = "com.example.app"

/** A device's token, the same in every run. */
const device = (index: number) => (0x7a1f0c3b + index * 0x1f3d5b79).toString(16).padStart(10, "0").slice(-8).repeat(8)

const people = ["Ann", "Ben", "Chloe", "Dev", "Eve"]
const dishes = ["Ramen", "Pizza Funghi", "Poké Bowl", "Dal Makhani"]
const pick = <A>(list: ReadonlyArray<A>, n: number): A => list[n % list.length] as A

const ride = (n: number): Notification.Notification => {
  const minutes = 8 - (Math.floor(n / 9) % 9)
  const common = { device: device(20), contentState: { minutes, driver: pick(people, Math.floor(n / 81)) } }
  if (minutes === 0) return Notification.liveActivity.end({ ...common, dismissalDate: "now" })
  if (minutes < 8) return Notification.liveActivity.update({ ...common, priority: 5 })
  return Notification.liveActivity.start({
    ...common,
    attributesType: "RideAttributes",
    attributes: { rider: "Ann" },
    alert: { title: "Your ride", body: "Eight minutes away" }
  })
}

/** What is sent as the `n`th. */
const nth = (n: number): Notification.Notification => {
  const to = device(n % 12)
  const person = pick(people, n)
  switch (n % 9) {
    case 0:
      return ride(n)
    case 1:
    case 4:
      return Notification.alert({
        device: to,
        alert: { title: person, body: pick(["On my way!", "Lunch?", "See you at 8", "😂😂😂", "Call me"], n) },
        threadId: `chat-${person}`,
        sound: "default",
        badge: (n % 7) + 1,
        data: { conversation: n % 40 }
      })
    case 2:
      return Notification.alert({
        device: to,
        alert: { title: "Order on its way", subtitle: pick(dishes, n), body: "Arriving in about 20 minutes" },
        collapseId: `order-${n % 20}`,
        interruptionLevel: "time-sensitive",
        data: { order: 4_000 + n }
      })
    case 3:
      return Notification.background({ device: to, data: { refresh: "feed" } })
    case 5:
      return Notification.voip({ device: device(30 + (n % 3)), data: { caller: person, call: n } })
    case 6:
      return Notification.alert({
        device: to,
        alert: { title: "Breaking news", body: "A long night in parliament ends with a vote nobody expected." },
        expiration: "1 hour",
        priority: 5,
        interruptionLevel: "passive"
      })
    case 7:
      // A mistake backends make: text of a database, far too much of it.
      return n % 45 === 7
        ? Notification.raw({
            device: to,
            pushType: "alert",
            topic,
            payload: { aps: { alert: { title: "Your report", body: "All of it. ".repeat(360) } } }
          })
        : Notification.alert({
            device: to,
            alert: { titleLocKey: "GAME_INVITE", titleLocArgs: [person] },
            category: "INVITE"
          })
    default:
      return Notification.alert({
        device: device(n % 27 === 8 ? 13 : 14),
        alert: { body: `${person} liked your photo` }
      })
  }
}

const devices = [
  { state: "unregistered", token: device(13) },
  { state: "offline", token: device(3) }
] as const

const scenarios: ReadonlyArray<Scenario> = [
  { id: "busy", name: "Apple is busy", enabled: false, effect: { _tag: "reject", reason: "ServiceUnavailable" } },
  {
    id: "hot-devices",
    name: "One in ten devices gets too much",
    enabled: false,
    probability: 0.1,
    effect: { _tag: "reject", reason: "TooManyRequests" }
  },
  {
    id: "slow",
    name: "Answers take a while",
    enabled: false,
    effect: {
      _tag: "delay",
      millis: {
        _tag: "percentiles",
        values: [
          [50, 200],
          [99, 2_000]
        ]
      }
    }
  },
  {
    id: "goaway",
    name: "The server goes away every 20 pushes",
    enabled: false,
    every: 20,
    effect: { _tag: "goAway", debugData: '{"reason":"Shutdown"}' }
  }
]

/** Unevenly, as people do things. */
const pause = (n: number) => 250 + 450 * (1 + Math.sin(n / 11)) * (1 + Math.sin(n / 3))

const pushes = Stream.mapEffect(
  Stream.iterate(0, (n) => n + 1),
  (n) => Effect.as(Effect.sleep(pause(n)), nth(n))
)

const ApnsLive = Layer.unwrap(
  Effect.map(Simulator, ({ ca, host, key, port }) =>
    Apns.layer({
      environment: { host, port, ca },
      credentials: Credentials.token({ ...key, privateKey: Redacted.make(key.privateKey) }),
      topic
    })
  )
)

const program = Effect.gen(function* () {
  const simulator = yield* Simulator
  yield* Console.log(announcement(simulator, yield* ControlServer))
  yield* Stream.runDrain(sendAll(pushes))
})

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))

program.pipe(
  Effect.provide(
    ApnsLive.pipe(
      Layer.provideMerge(
        simulatorProcess({ caDirectory: file("../node_modules/.cache/apns-simulator"), devices, scenarios })
      )
    )
  ),
  Effect.catchTag("SimulatorError", ({ message }) =>
    Effect.sync(() => {
      console.error(message)
      process.exitCode = 1
    })
  ),
  NodeRuntime.runMain
)
