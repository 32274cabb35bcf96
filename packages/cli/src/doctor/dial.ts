/** A TCP connection, directly or through the proxy, and why there is none. */
import * as Net from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Address } from "effect-apns/Environment"
import { tunnel } from "effect-apns/Proxy"
import { readable } from "./check.ts"
import type { Target } from "./target.ts"

export interface Dialled {
  readonly socket: Net.Socket
  readonly millis: number
}

export interface NoWay {
  /** Whose fault it is. */
  readonly of: "proxy" | "port"
  readonly problem: string
  /** Where the fault itself says what to do. */
  readonly cure?: string | undefined
}

/** Of an error, or of the first of those that make it up: one for each address that was tried. */
export const codeOf = (error: Error & { readonly code?: unknown }): string => {
  if (typeof error.code === "string") return error.code
  const [first] = error instanceof AggregateError ? error.errors : []
  return first instanceof Error ? codeOf(first) : error.message
}

const problems: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused: nothing listens there, or a firewall says no",
  ECONNRESET: "reset while connecting",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  EACCES: "forbidden on this machine",
  EPERM: "forbidden on this machine",
  ETIMEDOUT: "no answer: a firewall may drop it",
  ENOTFOUND: "its name does not resolve",
  EAI_AGAIN: "DNS does not answer"
}

const directly = ({ host, port }: Address, timeoutMillis: number): Effect.Effect<Net.Socket, NoWay, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Net.Socket, NoWay>((resume) => {
      const socket = Net.connect({ host, port })
      socket.once("connect", () => resume(Effect.succeed(socket)))
      // It stays: an error that comes late is told by whoever uses the socket then.
      socket.on("error", (error) => {
        const code = codeOf(error)
        resume(Effect.fail({ of: "port", problem: problems[code] ?? code }))
      })
      return Effect.sync(() => socket.destroy())
    }),
    (socket) => Effect.sync(() => socket.destroy()),
    { interruptible: true }
  ).pipe(
    Effect.timeoutOrElse({
      duration: timeoutMillis,
      orElse: () =>
        Effect.fail<NoWay>({
          of: "port",
          problem: `no answer within ${readable(timeoutMillis)}: a firewall may drop it`
        })
    })
  )

/** Connects to the address, through the proxy if there is one. */
export const dial = (
  { proxy, timeoutMillis }: Target,
  address: Address
): Effect.Effect<Dialled, NoWay, Scope.Scope> => {
  const connecting =
    proxy === undefined
      ? directly(address, timeoutMillis)
      : tunnel(proxy.proxy, address, timeoutMillis).pipe(
          Effect.mapError(({ cure, problem }): NoWay => ({ of: "proxy", problem, cure }))
        )
  return Effect.gen(function* () {
    const startedAt = performance.now()
    const socket = yield* connecting
    return { socket, millis: performance.now() - startedAt }
  })
}
