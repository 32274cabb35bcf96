/** A process that is stopped and goes on, as a function between two calls or a laptop whose lid was closed. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect } from "effect"
import { relayTo } from "../../packages/bench/src/storm/relay.ts"
import { processEnvironment } from "../support/processEnvironment.ts"

interface Options {
  readonly port: number
  /** In milliseconds. */
  readonly timeout: number
  readonly ping: number
}

/** A process that sends over a port of this machine, and can be stopped. */
const sender = Effect.fnUntraced(function* ({ ping, port, timeout }: Options) {
  const { ca, host, key } = yield* Simulator
  const script = fileURLToPath(new URL("../support/frozenSender.ts", import.meta.url))
  const task = JSON.stringify({ host, port, ca, key, timeout, ping })
  const child: ChildProcess = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--no-warnings", script], {
        stdio: ["pipe", "pipe", "inherit"],
        env: { ...processEnvironment, FROZEN_SENDER: task }
      })
    ),
    // One that is stopped ends by no other signal.
    (child) => Effect.sync(() => void child.kill("SIGKILL"))
  )
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) return yield* Effect.die("the process has no input or output")
  const lines = createInterface({ input: stdout })
  const burst = (count: number) => Effect.sync(() => void stdin.write(`${count}\n`))
  const outcomes = Effect.callback<unknown>((resume) => {
    lines.once("line", (text: string) => resume(Effect.succeed(JSON.parse(text))))
  })
  return {
    burst,
    outcomes,
    stop: Effect.sync(() => child.kill("SIGSTOP")),
    goOn: Effect.sync(() => child.kill("SIGCONT"))
  }
})

describe.skipIf(process.platform === "win32")("a process that was stopped", { timeout: 120_000 }, () => {
  it.live("takes the answers that came meanwhile, though the deadlines are over by then", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const { burst, goOn, outcomes, stop } = yield* sender({ port: simulator.port, timeout: 4000, ping: 60_000 })
      yield* burst(1)
      assert.deepStrictEqual(yield* outcomes, { accepted: 1 })
      yield* simulator.inject({ effect: { _tag: "delay", millis: 500 }, times: 900 })
      yield* burst(900)
      yield* simulator.awaitReceived(901)
      yield* stop
      // Longer than the deadline, which began before.
      yield* Effect.sleep("4500 millis")
      yield* goOn
      assert.deepStrictEqual(yield* outcomes, { accepted: 900 })
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer()))
  )

  it.live("writes nothing to a session that has died meanwhile", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const relay = yield* Effect.acquireRelease(
        Effect.promise(() => relayTo(simulator.port)),
        (relay) => Effect.sync(() => relay.close())
      )
      const { burst, goOn, outcomes, stop } = yield* sender({ port: relay.port, timeout: 30_000, ping: 1000 })
      yield* burst(1)
      assert.deepStrictEqual(yield* outcomes, { accepted: 1 })
      yield* stop
      relay.fail({ _tag: "silence", of: "both" })
      yield* Effect.sleep("2500 millis")
      yield* burst(50)
      yield* goOn
      assert.deepStrictEqual(yield* outcomes, { accepted: 50 })
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer()))
  )
})
