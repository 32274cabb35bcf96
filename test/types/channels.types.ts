/**
 * What the types of channels and of `broadcast` promise. Compiled by `tsc -b`, never run: each `@ts-expect-error` stands
 * next to the right form, so that neither can rot unseen.
 */
import { Effect, Layer, Redacted, Schedule } from "effect"
import {
  Apns,
  ApnsConnection,
  type ApnsError,
  type Broadcast,
  type BroadcastReceipt,
  broadcast,
  type ChannelCreated,
  type ChannelRead,
  Channels,
  Credentials,
  JwtCache,
  Notification,
  send
} from "effect-apns"

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only where the two types are the same. */
const same = <A, B>(_: Equal<A, B>): void => {}

declare const goal: Broadcast
const alert = Notification.alert({ device: "7a1f", alert: "Hello" })
const credentials = Credentials.token({ teamId: "ABCDE12345", keyId: "KEY1234567", privateKey: Redacted.make("pem") })
declare const key: Credentials.TokenCredentials

// A broadcast goes to a channel and a notification to a device.

same<ReturnType<typeof broadcast>, Effect.Effect<BroadcastReceipt, ApnsError, Apns>>(true)
export const broadcasts = [broadcast(goal), Apns.use((apns) => apns.broadcast(goal))]

// @ts-expect-error a broadcast is not sent to a device
export const sentBroadcast = send(goal)

// @ts-expect-error a broadcast is not sent to a device
export const sentByService = Apns.use((apns) => apns.send(goal))

// @ts-expect-error a notification is not broadcast
export const broadcastNotification = broadcast(alert)

// @ts-expect-error a notification is not broadcast
export const broadcastByService = Apns.use((apns) => apns.broadcast(alert))

// @ts-expect-error a broadcast's receipt names a request, not a notification
export const wrongId = Effect.map(broadcast(goal), (receipt) => receipt.apnsId)

// @ts-expect-error a broadcast says until when it is stored
export const noExpiration: Broadcast = { _tag: "Broadcast", channel: "", id: "", priority: 5, content: goal.content }

// @ts-expect-error there is no priority 7
export const priority: Broadcast = { ...goal, priority: 7 }

// Where broadcasts go.

export const servers = [
  Apns.layer({ environment: "production", credentials, broadcastServer: "api-broadcast" }),
  Apns.layer({ environment: "production", credentials, broadcastServer: { host: "localhost", port: 8443, ca: "pem" } }),
  Apns.layerConfig({ broadcastServer: "api-broadcast" })
]

// @ts-expect-error there is no broadcast server of that name
export const misspelt = Apns.layer({ environment: "production", credentials, broadcastServer: "api.broadcast" })

// Channels

export const requests = Effect.gen(function* () {
  const channels = yield* Channels
  const { channel } = yield* channels.create({ storage: "none" })
  yield* channels.create({ storage: "mostRecent", requestId: "0f2b6b1e-6a0e-4c55-9d0a-5a6f0a3c9b11" })
  yield* channels.read(channel, { requestId: undefined })
  yield* channels.list()
  return yield* channels.remaining()
})
same<typeof requests, Effect.Effect<number, ApnsError, Channels>>(true)

declare const channels: Channels["Service"]
same<ReturnType<typeof channels.create>, Effect.Effect<ChannelCreated, ApnsError>>(true)
same<ReturnType<typeof channels.read>, Effect.Effect<ChannelRead, ApnsError>>(true)

// @ts-expect-error the storage policy is never guessed: it cannot be changed
export const noStorage = channels.create({})

// @ts-expect-error policies have names
export const policyNumber = channels.create({ storage: 1 })

// @ts-expect-error a channel is named by its id
export const unnamed = channels.read()

// @ts-expect-error there is no way to change a channel
export const changed = channels.update("id", { storage: "none" })

// @ts-expect-error channels are not managed by Apns
export const lacking: Effect.Effect<number, ApnsError, Apns> = requests

export const refusals = Effect.catchReason(channels.read("id"), "ApnsError", "ChannelNotRegistered", (reason) =>
  Effect.succeed(reason.requestId)
)

// Layers

const live = Channels.layer({ environment: "production", credentials, topic: "com.example.app" })
same<typeof live, Layer.Layer<Channels, ApnsError>>(true)
same<ReturnType<typeof Channels.layerConfig>, Layer.Layer<Channels, ApnsError>>(true)
export const runnable: Effect.Effect<number, ApnsError> = requests.pipe(Effect.provide(live))

export const shared: Layer.Layer<Channels, ApnsError> = Channels.layerNoDeps({
  topic: "com.example.app",
  retry: Schedule.recurs(1)
}).pipe(Layer.provide([ApnsConnection.layerManagement({ environment: "sandbox" }), JwtCache.layer(key)]))

export const ownServer = Channels.layer({
  environment: { host: "localhost", port: 8443, managementPort: 8444 },
  credentials,
  topic: "com.example.app"
})

// @ts-expect-error nothing is asked without credentials
export const noCredentials = Channels.layer({ environment: "production", topic: "com.example.app" })

// @ts-expect-error the environment is never guessed
export const noEnvironment = Channels.layer({ credentials, topic: "com.example.app" })

// @ts-expect-error replaying is not a matter of the layer: each request states when it is repeated
export const replayed = Channels.layer({ environment: "production", credentials, replayUnknown: true })
