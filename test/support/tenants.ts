/** A `Tenants` with simulators of both of Apple's environments, and what they saw. */
import { generateKeyPairSync } from "node:crypto"
import { Simulator } from "@effect-apns/simulator"
import { Context, Duration, Effect, Layer, Redacted } from "effect"
import { ApnsError, Credentials, Notification, Reason, Tenants } from "effect-apns"
import type { Options, Target, TargetConfig } from "effect-apns/Tenants"
import { device, topic } from "./simulated.ts"

export const p8 = () =>
  generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString()

const keyOf = (teamId: string, keyId: string) => ({ teamId, keyId, pem: p8() })

export const keys = {
  acme: keyOf("ACMETEAM01", "ACMEKEY001"),
  rotated: keyOf("ACMETEAM01", "ACMEKEY002"),
  beta: keyOf("BETATEAM01", "BETAKEY001")
}

export type Key = (typeof keys)["acme"]

export const tokenOf = ({ keyId, pem, teamId }: Key) =>
  Credentials.token({ teamId, keyId, privateKey: Redacted.make(pem) })

export const hello = (n = 0) => Notification.alert({ device: device(n), alert: "Hello" })

/** Apple's two environments, which know the same keys. */
export const apple = Effect.gen(function* () {
  const simulator = (environment: "production" | "sandbox") =>
    Effect.map(
      Layer.build(Simulator.layer({ environment, keys: Object.values(keys), tokenUpdateScope: "key" })),
      (context) => Context.get(context, Simulator)
    )
  return { production: yield* simulator("production"), sandbox: yield* simulator("sandbox") }
})

type Apple = Effect.Success<typeof apple>

export const config = (servers: Apple, target: Target, key: Key): TargetConfig => {
  const { ca, host, port } = servers[target.environment]
  // An hour of the test clock leaves a server no time to acknowledge a PING.
  const unwatched = { idlePing: Duration.infinity, silencePing: Duration.infinity }
  return { environment: { host, port, ca }, credentials: tokenOf(key), topic, ...unwatched }
}

export const built = (options: Options) =>
  Effect.map(Layer.build(Tenants.layer(options)), (context) => Context.get(context, Tenants))

/** Both environments, with Tenants whose keys are found by tenant. */
export const started = (
  tenants: Readonly<Record<string, Key>>,
  options: Pick<Options, "idleTimeToLive" | "lookupTimeout"> & { readonly apns?: Partial<TargetConfig> } = {}
) =>
  Effect.gen(function* () {
    const servers = yield* apple
    const { apns, ...settings } = options
    const lookups: Array<string> = []
    const found: Record<string, Key> = { ...tenants }
    const service = yield* built({
      ...settings,
      lookup: (target) =>
        Effect.suspend(() => {
          lookups.push(`${target.tenant}/${target.environment}`)
          const answer = Effect.promise(() => Promise.resolve(found[target.tenant]))
          return Effect.flatMap(answer, (key) =>
            key === undefined
              ? Effect.fail(new ApnsError({ reason: gone }))
              : Effect.succeed({ ...config(servers, target, key), ...apns })
          )
        })
    })
    return { ...servers, service, lookups, found }
  })

export const gone = new Reason.InvalidCredentials({ problem: "the store of secrets is away", cure: "Wait for it." })

export const sandbox = (tenant: string) => ({ tenant, environment: "sandbox" }) as const

export type Server = Simulator["Service"]

export const connections = (server: Server) =>
  Effect.map(server.connections, (all) => all.map(({ binding, id, open }) => ({ id, open, binding })))

export const teams = (server: Server) =>
  Effect.map(server.connections, (all) =>
    all.map(({ binding }) => (binding?._tag === "token" ? `${binding.teamId}/${binding.keyId}` : binding?._tag))
  )

export const openOnes = (server: Server) =>
  Effect.map(connections(server), (all) => all.filter(({ open }) => open).length)

export const tokensOf = (...servers: ReadonlyArray<Server>) =>
  Effect.map(
    Effect.forEach(servers, (server) => server.received),
    (all) => new Set(all.flat().map(({ token }) => token?.hash)).size
  )

/** Turns of the event loop until a condition holds: sockets know nothing of virtual time. */
const until = (condition: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(condition, (holds) =>
    holds
      ? Effect.void
      : Effect.andThen(
          Effect.promise(() => new Promise((done) => setTimeout(done, 2))),
          until(condition)
        )
  )

export const untilOpen = (server: Server, count: number) =>
  until(Effect.map(openOnes(server), (open) => open === count))
