/**
 * What `Apns.layerConfig` reads, as values: for programs that show their settings, check them, or use one without the rest.
 * The variables, their rules and their errors are the same.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { ApnsError } from "./ApnsError.ts"
import type { Credentials } from "./Credentials.ts"
import type { Address, Environment } from "./Environment.ts"
import { credentialsFromEnv, settingsFromEnv } from "./internal/env.ts"
import { proxyFromEnv } from "./internal/proxySetting.ts"
import type { ProxyAddress } from "./Proxy.ts"

/**
 * Everything but the credentials and the proxy. What is not set is `undefined`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  /** Default: `"production"`. */
  readonly environment: Environment
  readonly port: number | undefined
  readonly topic: string | undefined
  readonly timeout: Duration.Duration | undefined
  readonly connectTimeout: Duration.Duration | undefined
  readonly drainTimeout: Duration.Duration | undefined
  readonly maxSessions: number | undefined
  readonly idlePing: Duration.Duration | undefined
  readonly silencePing: Duration.Duration | undefined
  readonly pingTimeout: Duration.Duration | undefined
  readonly warmUp: boolean | undefined
}

/**
 * The settings. Fails with `InvalidConfiguration`, which names the variable, where one is wrong or its file cannot be read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const settings: Effect.Effect<Settings, ApnsError> = settingsFromEnv

/**
 * The token key or certificate that the variables name, loaded and checked as by `Credentials.token` and
 * `Credentials.certificate`.
 *
 * **Details**
 *
 * Fails with `InvalidConfiguration` where variables are missing or contradict each other, and with `InvalidCredentials`
 * where the file or text they name is no usable credential.
 *
 * @category constructors
 * @since 0.1.0
 */
export const credentials: Effect.Effect<Credentials, ApnsError> = credentialsFromEnv

/**
 * The proxy on the way to a server by `proxy: "environment"`, with the variable that names it; `undefined` where none does,
 * or `NO_PROXY` exempts the server.
 *
 * Fails with `InvalidConfiguration` where the variable holds no URL of a proxy.
 *
 * @category constructors
 * @since 0.1.0
 */
export const proxy: (
  server: Address
) => Effect.Effect<{ readonly variable: string; readonly proxy: ProxyAddress } | undefined, ApnsError> = proxyFromEnv
