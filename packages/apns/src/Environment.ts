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
  /** Where it takes channel management. `Channels` needs it: as on Apple's servers, it is never `port` by default. */
  readonly managementPort?: number | undefined
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

/**
 * The hosts of Apple's environments for channel management, and their ports, which differ and are not interchangeable
 * (Apple, "Sending channel management requests to APNs").
 *
 * @category tables
 * @since 0.1.0
 */
export const managementHosts = {
  production: { host: "api-manage-broadcast.push.apple.com", managementPort: 2196 },
  sandbox: { host: "api-manage-broadcast.sandbox.push.apple.com", managementPort: 2195 }
} as const satisfies Record<string, Server>

/**
 * The hosts that Apple's samples send broadcasts to, on port 443 (Apple, "Sending broadcast push notification requests to
 * APNs"). The prose of the same page names the ordinary hosts instead, and these are the default of this library.
 *
 * @category tables
 * @since 0.1.0
 */
export const broadcastHosts = {
  production: "api-broadcast.push.apple.com",
  sandbox: "api-broadcast.sandbox.push.apple.com"
} as const

/**
 * Where broadcasts go when not to the ordinary server: the hosts of Apple's samples by name, or a server of your own.
 *
 * @category models
 * @since 0.1.0
 */
export type BroadcastServer = "api-broadcast" | Server

/**
 * A server with its port, checked.
 *
 * @category models
 * @since 0.1.0
 */
export type Address = Server & { readonly port: number }

const isName = (value: unknown): value is keyof typeof hosts => value === "production" || value === "sandbox"

const isPort = (port: unknown) => typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65536

const unknownEnvironment = (environment: unknown) =>
  new InvalidConfiguration({
    setting: "environment",
    problem: `${JSON.stringify(environment)} is not known`,
    cure: 'Use "production", "sandbox", or { host, port } for a server of your own.'
  })

const isServer = (value: unknown): value is Server => typeof value === "object" && value !== null

/** The server at that port, when its host and the port are well-formed. */
const checked = (
  server: Server,
  port: number,
  setting: "environment" | "broadcastServer",
  ports: string
): Result.Result<Address, InvalidConfiguration> => {
  if (typeof server.host !== "string" || !/^[A-Za-z0-9.:_-]+$/.test(server.host)) {
    return Result.fail(
      new InvalidConfiguration({
        setting: `${setting}.host`,
        problem: `${JSON.stringify(server.host)} is not a host`,
        cure: "Give a host name or an IP address, without scheme, port or path."
      })
    )
  }
  if (!isPort(port)) {
    return Result.fail(
      new InvalidConfiguration({
        setting: "port",
        problem: `${JSON.stringify(port)} is not a port`,
        cure: `Give a whole number from 1 to 65535; Apple's are ${ports}.`
      })
    )
  }
  return Result.succeed({ ...server, port })
}

/**
 * The server an environment stands for, checked.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resolve = (
  environment: Environment,
  port?: number | undefined
): Result.Result<Address, InvalidConfiguration> => {
  const server = isName(environment) ? { host: hosts[environment] } : environment
  if (!isServer(server)) return Result.fail(unknownEnvironment(environment))
  return checked(server, port ?? server.port ?? 443, "environment", "443 and 2197")
}

/**
 * The server that manages an environment's channels, checked. `port` overrides Apple's and the server's own; one of them
 * a server of your own has to name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const management = (
  environment: Environment,
  port?: number | undefined
): Result.Result<Address, InvalidConfiguration> => {
  const server: Server = isName(environment) ? managementHosts[environment] : environment
  if (!isServer(server)) return Result.fail(unknownEnvironment(environment))
  const { managementPort, ...rest } = server
  const effective = port ?? managementPort
  if (effective === undefined) {
    return Result.fail(
      new InvalidConfiguration({
        setting: "environment.managementPort",
        problem: "is missing",
        cure: "Name the port on which the server manages channels."
      })
    )
  }
  return checked(rest, effective, "environment", "2196 for production and 2195 for sandbox")
}

/**
 * The server that takes an environment's broadcasts where it is not the ordinary one, checked.
 *
 * @category constructors
 * @since 0.1.0
 */
export const broadcast = (
  environment: Environment,
  broadcastServer: BroadcastServer
): Result.Result<Address, InvalidConfiguration> => {
  if (isServer(broadcastServer)) return checked(broadcastServer, broadcastServer.port ?? 443, "broadcastServer", "443")
  if (broadcastServer === "api-broadcast" && isName(environment)) {
    return Result.succeed({ host: broadcastHosts[environment], port: 443 })
  }
  return Result.fail(
    new InvalidConfiguration({
      setting: "broadcastServer",
      problem:
        broadcastServer === "api-broadcast"
          ? '"api-broadcast" does not belong to a server of your own'
          : `${JSON.stringify(broadcastServer)} is not known`,
      cure: 'Use "api-broadcast" with one of Apple\'s environments, { host, port } for a server of your own, or nothing.'
    })
  )
}
