/**
 * What the types of `Tenants` promise. Compiled by `tsc -b`, never run: each `@ts-expect-error` stands next to the right
 * form.
 */
import { Context, Effect, Layer, Redacted } from "effect"
import {
  type Apns,
  ApnsError,
  type BroadcastReceipt,
  type CertificateTrust,
  Credentials,
  Notification,
  Reason,
  type Receipt,
  send,
  Tenants,
  type TokenTrust
} from "effect-apns"
import type { Target, TargetConfig } from "effect-apns/Tenants"

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only where the two types are the same. */
const same = <A, B>(_: Equal<A, B>): void => {}

const n = Notification.alert({ device: "7a1f", alert: "Hello" })
const privateKey = Redacted.make("pem")
const credentials = Credentials.token({ teamId: "ABCDE12345", keyId: "KEY1234567", privateKey })

// A lookup, or a record; what the lookup asks for, the layer asks for.

class Store extends Context.Service<Store, { readonly rowOf: (tenant: string) => Effect.Effect<TargetConfig> }>()(
  "types/Store"
) {}

const asking = Tenants.layer({ lookup: ({ tenant }) => Effect.flatMap(Store, (store) => store.rowOf(tenant)) })
same<typeof asking, Layer.Layer<Tenants, never, Store>>(true)

const live = Tenants.layer({ tenants: { acme: { credentials, topic: "com.acme.shop" } }, idleTimeToLive: "1 hour" })
same<typeof live, Layer.Layer<Tenants>>(true)

export const byEnvironment = Tenants.layer({
  lookup: ({ environment, tenant }: Target) =>
    Effect.succeed({ credentials, topic: environment === "sandbox" ? `${tenant}.beta` : tenant })
})

export const refusing = Tenants.layer({
  lookup: ({ tenant }) =>
    Effect.fail(
      new ApnsError({ reason: new Reason.InvalidCredentials({ problem: `no key of ${tenant}`, cure: "Add one." }) })
    )
})

export const ownServer = Tenants.layer({
  tenants: { acme: { credentials, environment: { host: "localhost", port: 8443, ca: "pem" }, port: undefined } },
  idleTimeToLive: undefined,
  lookupTimeout: undefined
})

// @ts-expect-error nothing says what the targets are
export const neither = Tenants.layer({ idleTimeToLive: "1 hour" })

// @ts-expect-error nothing is sent without credentials
export const noCredentials = Tenants.layer({ tenants: { acme: { topic: "com.acme.shop" } } })

// @ts-expect-error the target names Apple's environment, its settings do not
export const twoEnvironments = Tenants.layer({ tenants: { acme: { credentials, environment: "production" } } })

// @ts-expect-error a lookup fails with ApnsError only
export const foreignFailure = Tenants.layer({ lookup: () => Effect.fail("no such row") })

// @ts-expect-error a lookup is an Effect
export const plainLookup = Tenants.layer({ lookup: () => ({ credentials }) })

// Sending.

same<ReturnType<typeof Tenants.send>, Effect.Effect<Receipt, ApnsError, Tenants>>(true)

export const sent: Effect.Effect<Receipt, ApnsError> = Tenants.send("acme", n).pipe(Effect.provide(live))
export const inSandbox = Tenants.send({ tenant: "acme", environment: "sandbox" }, n)
export const inProduction = Tenants.send({ tenant: "acme", environment: undefined }, n)

// @ts-expect-error there is no environment of that name
export const misspelt = Tenants.send({ tenant: "acme", environment: "prodution" }, n)

// @ts-expect-error a target has a tenant
export const nobody = Tenants.send({ environment: "sandbox" }, n)

// @ts-expect-error its settings are looked up, and not given with the target
export const withSettings = Tenants.send({ tenant: "acme", topic: "com.acme.shop" }, n)

const acme = Tenants.get("acme")
same<typeof acme, Layer.Layer<Apns | TokenTrust | CertificateTrust, ApnsError, Tenants>>(true)
export const provided: Effect.Effect<Receipt, ApnsError, Tenants> = send(n).pipe(Effect.provide(acme))

// @ts-expect-error a target's Apns comes from Tenants
export const unprovided: Effect.Effect<Receipt, ApnsError> = send(n).pipe(Effect.provide(acme))

// Routing.

const routed = Tenants.layerApns(({ target, topic }) => target ?? topic)
same<typeof routed, Layer.Layer<Apns | TokenTrust | CertificateTrust, never, Tenants>>(true)
export const named: Effect.Effect<Receipt, ApnsError> = send(Tenants.to("acme", n)).pipe(
  Effect.provide(Tenants.layerApns().pipe(Layer.provide(live)))
)

export const broadcastRouted = Tenants.layerApns(undefined, ({ bundleId, target }) => target ?? bundleId)
export const toAll = Tenants.to(
  "acme",
  Notification.broadcast.update({ channel: "AAAA", priority: 5, expiration: "once", contentState: {} })
)
same<ReturnType<typeof Tenants.broadcast>, Effect.Effect<BroadcastReceipt, ApnsError, Tenants>>(true)

// @ts-expect-error a broadcast is not sent to a device
export const misused = Tenants.send("acme", toAll)

// @ts-expect-error a route gives a target
export const numbered = Tenants.layerApns(() => 1)

// @ts-expect-error a route is no Effect: what takes time is for the lookup
export const effectful = Tenants.layerApns(() => Effect.succeed("acme"))
