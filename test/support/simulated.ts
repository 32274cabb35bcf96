/** An `Apns` that sends to a simulator of its own. */
import { Simulator, type SimulatorOptions } from "@effect-apns/simulator"
import { Effect, Layer, Redacted } from "effect"
import { Apns, type Config, Credentials } from "effect-apns"

export const topic = "com.example.app"

/** A well-formed device token, a different one for every number. */
export const device = (n = 0): string => n.toString(16).padStart(8, "0").repeat(8)

export const simulated = (options?: { readonly simulator?: SimulatorOptions; readonly apns?: Partial<Config> }) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { ca, host, key, port } = yield* Simulator
      return Apns.layer({
        environment: { host, port, ca },
        credentials: Credentials.token({ ...key, privateKey: Redacted.make(key.privateKey) }),
        topic,
        ...options?.apns
      })
    })
  ).pipe(Layer.provideMerge(Simulator.layer(options?.simulator)))
