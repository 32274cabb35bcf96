/** An `Apns` and a `Channels` that send to a simulator of their own. */
import { Simulator, type SimulatorOptions } from "@effect-apns/simulator"
import { Effect, Layer, Redacted } from "effect"
import { Apns, Channels, type ChannelsConfig, type Config, Credentials } from "effect-apns"

export const topic = "com.example.app"

/** A well-formed device token, a different one for every number. */
export const device = (n = 0): string => n.toString(16).padStart(8, "0").repeat(8)

/** What a client of the simulator needs. */
export const clientOf = ({ ca, host, key, managementPort, port }: Simulator["Service"]) => ({
  environment: { host, port, managementPort, ca },
  credentials: Credentials.token({ ...key, privateKey: Redacted.make(key.privateKey) }),
  topic
})

export const simulated = (options?: { readonly simulator?: SimulatorOptions; readonly apns?: Partial<Config> }) =>
  Layer.unwrap(Effect.map(Simulator, (simulator) => Apns.layer({ ...clientOf(simulator), ...options?.apns }))).pipe(
    Layer.provideMerge(Simulator.layer(options?.simulator))
  )

export const simulatedChannels = (options?: {
  readonly simulator?: SimulatorOptions
  readonly apns?: Partial<Config>
  readonly channels?: Partial<ChannelsConfig>
}) =>
  Layer.unwrap(
    Effect.map(Simulator, (simulator) =>
      Layer.merge(
        Apns.layer({ ...clientOf(simulator), ...options?.apns }),
        Channels.layer({ ...clientOf(simulator), ...options?.channels })
      )
    )
  ).pipe(Layer.provideMerge(Simulator.layer(options?.simulator)))
