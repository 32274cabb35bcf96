/**
 * What the types of layers and of `send` promise. Compiled by `tsc -b`, never run: each `@ts-expect-error` stands next to
 * the right form, so that neither can rot unseen.
 */
import { DateTime, Duration, Effect, Layer, Redacted, Schedule, Stream } from "effect"
import type * as KeyValueStore from "effect/persistence/KeyValueStore"
import {
  Apns,
  ApnsConnection,
  type ApnsError,
  type CertificateTrust,
  Credentials,
  type Dead,
  type DeadReason,
  DeadTokens,
  Environment,
  JwtCache,
  Notification,
  PayloadSchema,
  type Receipt,
  Retry,
  send,
  TokenTrust
} from "effect-apns"

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only where the two types are the same. */
const same = <A, B>(_: Equal<A, B>): void => {}

const n = Notification.alert({ device: "7a1f", alert: "Hello" })
const privateKey = Redacted.make("pem")
const credentials = Credentials.token({ teamId: "ABCDE12345", keyId: "KEY1234567", privateKey })
declare const loaded: Credentials.Credentials

// send asks for Apns, and fails with ApnsError only.

same<ReturnType<typeof send<Notification.Notification>>, Effect.Effect<Receipt, ApnsError, Apns>>(true)

const live = Apns.layer({ environment: "production", credentials, topic: "com.example.app" })
same<typeof live, Layer.Layer<Apns | TokenTrust, ApnsError>>(true)

export const runnable: Effect.Effect<Receipt, ApnsError> = send(n).pipe(Effect.provide(live))
export const promise: Promise<Receipt> = Effect.runPromise(runnable)

// @ts-expect-error without the layer, send lacks Apns
export const lacking: Effect.Effect<Receipt, ApnsError> = send(n)

// @ts-expect-error an Effect that lacks Apns cannot be run
export const unrunnable = Effect.runPromise(send(n))

// @ts-expect-error its failure may not be ignored
export const unfailing: Effect.Effect<Receipt> = runnable

// @ts-expect-error send takes a notification, not its options
export const optionsForNotification = send({ device: "7a1f", alert: "Hello" })

// Credentials: which push types a layer can send is known from theirs.

const certificate = Credentials.certificate({ file: "push.p12" })
const ofCertificate = Apns.layer({ environment: "production", credentials: certificate })
const ofEither = Apns.layer({ environment: "production", credentials: loaded })
same<typeof ofCertificate, Layer.Layer<Apns | CertificateTrust, ApnsError>>(true)
same<typeof ofEither, Layer.Layer<Apns | TokenTrust | CertificateTrust, ApnsError>>(true)
same<ReturnType<typeof Apns.layerConfig>, Layer.Layer<Apns | TokenTrust | CertificateTrust, ApnsError>>(true)

declare const tokenCredentials: Credentials.TokenCredentials
const ofLoadedToken = Apns.layer({ environment: "production", credentials: tokenCredentials })
same<typeof ofLoadedToken, Layer.Layer<Apns | TokenTrust, ApnsError>>(true)

const location = Notification.location({ device: "7a1f" })
const fileProvider = Notification.fileProvider({ device: "7a1f", containerIdentifier: "c", domain: "d" })
const mdm = Notification.mdm({ device: "7a1f", pushMagic: "m" })
const voip = Notification.voip({ device: "7a1f" })

type Sent = Effect.Effect<Receipt, ApnsError>

export const locationByToken: Sent = send(location).pipe(Effect.provide(live))
export const fileProviderByToken: Sent = send(fileProvider).pipe(Effect.provide(live))
export const mdmByCertificate: Sent = send(mdm).pipe(Effect.provide(ofCertificate))
export const voipByToken: Sent = send(voip).pipe(Effect.provide(live))
export const voipByCertificate: Sent = send(voip).pipe(Effect.provide(ofCertificate))

// @ts-expect-error no certificate can send a location push
export const locationByCertificate: Sent = send(location).pipe(Effect.provide(ofCertificate))

// @ts-expect-error no certificate can send a File Provider push
export const fileProviderByCertificate: Sent = send(fileProvider).pipe(Effect.provide(ofCertificate))

// @ts-expect-error no token key can send an MDM push
export const mdmByToken: Sent = send(mdm).pipe(Effect.provide(live))

// Where the kind of credentials is open, or the notification's type says nothing, the run time checks.

export const locationByEither: Sent = send(location).pipe(Effect.provide(ofEither))
export const mdmByEither: Sent = send(mdm).pipe(Effect.provide(ofEither))
export const locationFromEnvironment: Sent = send(location).pipe(Effect.provide(Apns.layerConfig()))

const plain: Notification.Notification = location
export const plainByCertificate: Sent = send(plain).pipe(Effect.provide(ofCertificate))
export const byMethod = Effect.flatMap(Apns, (apns) => apns.send(location))
same<typeof byMethod, Effect.Effect<Receipt, ApnsError, Apns>>(true)

declare const either: typeof location | typeof mdm

// @ts-expect-error a location or an MDM push needs both kinds
export const eitherByToken: Sent = send(either).pipe(Effect.provide(live))

// @ts-expect-error a notification that says another kind than it has is none of the constructors'
export const forged: typeof location = { ...location, trust: "certificate" }

// Apns.layer

export const loadedCredentials: Layer.Layer<Apns, ApnsError> = Apns.layer({
  environment: "sandbox",
  credentials: loaded
})

export const ownServer = Apns.layer({ environment: { host: "localhost", port: 8443, ca: "pem" }, credentials })

// @ts-expect-error there is no environment of that name
export const misspeltEnvironment = Apns.layer({ environment: "prodution", credentials })

// @ts-expect-error a server has a host
export const hostlessServer = Apns.layer({ environment: { port: 8443 }, credentials })

// @ts-expect-error nothing is sent without credentials
export const noCredentials = Apns.layer({ environment: "production" })

// @ts-expect-error the environment is never guessed
export const noEnvironment = Apns.layer({ credentials })

// @ts-expect-error a private key is Redacted
export const bareKey = Credentials.token({ teamId: "ABCDE12345", keyId: "KEY1234567", privateKey: "pem" })

// @ts-expect-error a passphrase is Redacted
export const barePassphrase = Credentials.certificate({ file: "push.p12", passphrase: "secret" })

export const timeouts = [
  Apns.layer({ environment: "production", credentials, timeout: "10 seconds" }),
  Apns.layer({ environment: "production", credentials, timeout: Duration.seconds(10), connectTimeout: "1 second" })
]

// @ts-expect-error a duration has a unit
export const unitless = Apns.layer({ environment: "production", credentials, timeout: "10" })

// Callers under exactOptionalPropertyTypes may pass undefined for whatever may be absent, and mutable values.

const mutableRoots: Array<string> = ["pem"]
const mutableServer: { host: string; port?: number; ca: Array<string> } = { host: "localhost", ca: mutableRoots }

export const undefinedEverywhere = Apns.layer({
  environment: mutableServer,
  credentials,
  topic: undefined,
  timeout: undefined,
  retry: undefined,
  replayUnknown: undefined,
  port: undefined,
  connectTimeout: undefined,
  drainTimeout: undefined,
  maxSessions: undefined,
  idlePing: undefined,
  silencePing: undefined,
  pingTimeout: undefined,
  warmUp: undefined,
  slowDown: undefined
})
export const undefinedInServer: Environment.Environment = { host: "localhost", port: undefined, ca: undefined }
export const undefinedPort = Environment.resolve("production", undefined)

// A Schedule of one's own may see the error it decides about.

export const retryless = Apns.layer({ environment: "production", credentials, retry: Schedule.recurs(0) })
export const patient = Retry.schedule.pipe(Schedule.upTo({ duration: "1 minute" }))
export const patientLayer = Apns.layer({ environment: "production", credentials, retry: patient })

const countdown = Schedule.recurs(1).pipe(Schedule.setInputType<number>())

// @ts-expect-error a Schedule that must be fed numbers cannot decide about errors
export const foreignSchedule = Apns.layer({ environment: "production", credentials, retry: countdown })

// Apns.layerConfig

export const fromEnvironment: Layer.Layer<Apns, ApnsError> = Apns.layerConfig()
export const fromEnvironmentWith = Apns.layerConfig({ replayUnknown: true, retry: undefined })

// The services can each be replaced; layerNoDeps says which it takes.

const noDeps = Apns.layerNoDeps({ topic: "com.example.app" })
same<typeof noDeps, Layer.Layer<Apns, ApnsError, ApnsConnection | JwtCache | PayloadSchema>>(true)

const stub = Layer.mock(ApnsConnection, { address: "stub:443" })
export const assembled: Layer.Layer<Apns, ApnsError> = noDeps.pipe(
  Layer.provide([stub, JwtCache.layerNone, PayloadSchema.layer])
)

// Sharing the token asks for the store, and for nothing else.

const shared = Layer.unwrap(Effect.map(credentials, (key) => JwtCache.layerShared(key)))
same<typeof shared, Layer.Layer<JwtCache, ApnsError, KeyValueStore.KeyValueStore>>(true)

export const assembledForLocation: Layer.Layer<Apns | TokenTrust, ApnsError> = Layer.merge(assembled, TokenTrust.layer)

// @ts-expect-error the caller has not said that the credentials are a token key
export const assembledWithout: Layer.Layer<Apns | TokenTrust, ApnsError> = assembled

// @ts-expect-error a token key is no certificate
export const wrongMark: Layer.Layer<CertificateTrust> = TokenTrust.layer

// @ts-expect-error the connection is still to be provided
export const halfAssembled: Layer.Layer<Apns> = noDeps.pipe(Layer.provide([JwtCache.layerNone, PayloadSchema.layer]))

export const connection: Layer.Layer<ApnsConnection, ApnsError> = ApnsConnection.layer({ environment: "sandbox" })

// DeadTokens: an optional service. It changes no type of a layer; without it there is nothing to listen to.

const remembering = live.pipe(Layer.provideMerge(DeadTokens.layer({ capacity: 1000 })))
same<typeof remembering, Layer.Layer<Apns | DeadTokens | TokenTrust, ApnsError>>(true)

const inStore = DeadTokens.layerStore()
same<typeof inStore, Layer.Layer<DeadTokens, never, KeyValueStore.KeyValueStore>>(true)
same<typeof DeadTokens.layerNone, Layer.Layer<DeadTokens>>(true)

same<DeadReason, "BadDeviceToken" | "DeviceTokenNotForTopic" | "ExpiredToken" | "Unregistered">(true)

export const listened: Effect.Effect<void> = Stream.runDrain(DeadTokens.events).pipe(Effect.provide(DeadTokens.layer()))

// @ts-expect-error nobody tells of dead tokens
export const unheard: Effect.Effect<void> = Stream.runDrain(DeadTokens.events)

export const whole = DeadTokens.events.pipe(Stream.map(({ device }) => Redacted.value(device)))

// @ts-expect-error the device token is Redacted
export const bare = DeadTokens.events.pipe(Stream.map(({ device }): string => device))

// @ts-expect-error a fault of the configuration kills no token
export const wrongDeath: Dead = { reason: "BadTopic", since: DateTime.nowUnsafe() }

export const comeBack = [
  Notification.alert({ device: "7a1f", alert: "Hello", registeredAt: new Date() }),
  Notification.voip({ device: "7a1f", registeredAt: DateTime.nowUnsafe() }),
  Notification.background({ device: "7a1f", registeredAt: undefined })
]

// @ts-expect-error a number has no unit
export const unitlessRegistration = Notification.alert({ device: "7a1f", alert: "Hello", registeredAt: 1 })
