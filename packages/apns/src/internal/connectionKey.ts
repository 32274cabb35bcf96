/**
 * Which connections may be one.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Config } from "../ApnsConnection.ts"
import { ApnsError } from "../ApnsError.ts"
import type { Credentials } from "../Credentials.ts"
import * as Environment from "../Environment.ts"

/** What connections are told apart by: the credentials as a whole, so that a key that is wrong gets none of another's. */
export interface ConnectionKey {
  readonly credentials: Credentials
  readonly config: Config
}

export const connectionKey = (config: Config, credentials: Credentials) =>
  Effect.fromResult(Environment.resolve(config.environment, config.port)).pipe(
    Effect.mapError((reason) => new ApnsError({ reason })),
    Effect.map(
      (environment): ConnectionKey => ({
        credentials,
        config: {
          environment,
          certificate: config.certificate,
          proxy: config.proxy,
          ca: config.ca,
          extraCa: config.extraCa,
          pins: config.pins,
          connectTimeout: config.connectTimeout && Duration.toMillis(config.connectTimeout),
          drainTimeout: config.drainTimeout && Duration.toMillis(config.drainTimeout),
          maxSessions: config.maxSessions,
          idlePing: config.idlePing && Duration.toMillis(config.idlePing),
          silencePing: config.silencePing && Duration.toMillis(config.silencePing),
          pingTimeout: config.pingTimeout && Duration.toMillis(config.pingTimeout),
          warmUp: config.warmUp,
          slowDown: config.slowDown
        }
      })
    )
  )
