/**
 * Where to send: Apple's two environments, or a server of your own.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { InvalidConfiguration } from "./Reason.ts"

/**
 * A server of your own that speaks APNs, such as the simulator.
 *
 * @category models
 * @since 0.1.0
 */
export interface Server {
  readonly host: string
  /** Default: 443. */
  readonly port?: number | undefined
  /** Certificates to trust instead of the runtime's, in PEM. */
  readonly ca?: string | ReadonlyArray<string> | undefined
}

/**
 * Apple's environments by name, or a server of your own.
 *
 * @category models
 * @since 0.1.0
 */
export type Environment = "production" | "sandbox" | Server

/**
 * The hosts of Apple's environments for device pushes (Apple, "Sending notification requests to APNs"). Port 443; port
 * 2197 behaves the same, for firewalls that admit APNs but not other HTTPS.
 *
 * @category tables
 * @since 0.1.0
 */
export const hosts = {
  production: "api.push.apple.com",
  sandbox: "api.sandbox.push.apple.com"
} as const

const isName = (value: unknown): value is keyof typeof hosts => value === "production" || value === "sandbox"

const isPort = (port: unknown) => typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65536

/**
 * The server an environment stands for, checked.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resolve = (
  environment: Environment,
  port?: number | undefined
): Result.Result<Server & { readonly port: number }, InvalidConfiguration> => {
  const server: Server | undefined = isName(environment)
    ? { host: hosts[environment] }
    : typeof environment === "object" && environment !== null
      ? environment
      : undefined
  if (server === undefined) {
    return Result.fail(
      new InvalidConfiguration({
        setting: "environment",
        problem: `${JSON.stringify(environment)} is not known`,
        cure: 'Use "production", "sandbox", or { host, port } for a server of your own.'
      })
    )
  }
  if (typeof server.host !== "string" || !/^[A-Za-z0-9.:_-]+$/.test(server.host)) {
    return Result.fail(
      new InvalidConfiguration({
        setting: "environment.host",
        problem: `${JSON.stringify(server.host)} is not a host`,
        cure: "Give a host name or an IP address, without scheme, port or path."
      })
    )
  }
  const effective = port ?? server.port ?? 443
  if (!isPort(effective)) {
    return Result.fail(
      new InvalidConfiguration({
        setting: "port",
        problem: `${JSON.stringify(effective)} is not a port`,
        cure: "Give a whole number from 1 to 65535; Apple's are 443 and 2197."
      })
    )
  }
  return Result.succeed({ ...server, port: effective })
}
