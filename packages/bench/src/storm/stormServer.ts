/** The server's process, as the storm sees it. */
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Effect, type Scope } from "effect"
import { BenchError } from "../processes.ts"
import type { PlanOptions } from "./plan.ts"
import type { Account, FromServer, Ready, ToServer } from "./protocol.ts"

export interface StormServer {
  readonly ready: Ready
  /** No more faults from now on. Gives the server's account when it has processed what the network still held. */
  readonly calm: Effect.Effect<Account, BenchError>
  /** So many notifications are settled: faults may be due that the server's requests do not tell of. */
  readonly progress: (settled: number) => void
}

/** How long it may take to close all connections and tell what it did. */
const calmMillis = 60_000

/**
 * Stands still as a process does that is stopped: no timer runs and no socket is read, while time goes on and the network
 * brings what it brings.
 */
const freeze = (millis: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)

/** Starts the server; it ends with the scope. `setClock` does what its plan has in store for the client's clock. */
export const stormServer = Effect.fnUntraced(function* (
  options: PlanOptions,
  setClock?: (aheadMillis: number) => void
): Effect.fn.Return<StormServer, BenchError, Scope.Scope> {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      fork(fileURLToPath(new URL("./server.ts", import.meta.url)), [JSON.stringify(options)], {
        serialization: "advanced",
        stdio: ["ignore", "ignore", "inherit", "ipc"],
        execArgv: []
      })
    ),
    (child) => Effect.sync(() => void child.kill("SIGKILL"))
  )
  const next = <Tag extends FromServer["_tag"]>(tag: Tag) =>
    Effect.callback<Extract<FromServer, { readonly _tag: Tag }>, BenchError>((resume) => {
      // What this very program sends itself.
      const onMessage = (message: unknown) => {
        const said = message as FromServer
        if (said._tag === tag) settle(Effect.succeed(said as Extract<FromServer, { readonly _tag: Tag }>))
      }
      const onExit = () => settle(Effect.fail(new BenchError({ message: "the storm's server ended" })))
      const leave = () => child.off("message", onMessage).off("exit", onExit)
      const settle: typeof resume = (said) => {
        leave()
        resume(said)
      }
      child.on("message", onMessage)
      child.on("exit", onExit)
      return Effect.sync(leave)
    })
  child.on("message", (said: FromServer) => {
    if (said._tag === "clockSet") setClock?.(said.aheadMillis)
    if (said._tag === "freeze") freeze(said.millis)
  })
  const tell = (message: ToServer) => {
    if (child.connected) child.send(message)
  }
  return {
    ready: yield* next("ready"),
    progress: (settled) => tell({ _tag: "progress", settled }),
    calm: Effect.suspend(() => {
      tell({ _tag: "calm" })
      return next("account")
    }).pipe(
      Effect.timeoutOrElse({
        duration: calmMillis,
        orElse: () => Effect.fail(new BenchError({ message: "the storm's server does not come to rest" }))
      })
    )
  }
})
