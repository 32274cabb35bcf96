/** The simulator of a run, in a process of its own, and its ledger, which is the judge's evidence. */
import { Simulator } from "@effect-apns/simulator"
import { Effect, Fiber } from "effect"
import { deviceOf, Ledger } from "../../../packages/bench/src/storm/ledger.ts"
import { type FromServer, isGone, type ServerTask, type ToServer } from "./protocol.ts"

const { notifications, seed }: ServerTask = JSON.parse(process.argv.at(-1) ?? "{}")

const tell = (message: FromServer) => process.send?.(message)

const ledger = new Ledger(notifications)

const devices = Array.from({ length: notifications }, (_, index) => index)
  .filter(isGone)
  .map((index) => ({ state: "unregistered", token: deviceOf(index) }) as const)

const program = Effect.gen(function* () {
  const { ca, key, port } = yield* Simulator
  process.on("message", (message: ToServer) => {
    if (message._tag === "account") tell({ _tag: "account", counts: ledger.counts })
  })
  let told = 0
  setInterval(() => {
    if (ledger.received === told) return
    told = ledger.received
    tell({ _tag: "received", count: told })
  }, 10)
  tell({ _tag: "ready", port, ca, key })
  return yield* Effect.never
}).pipe(
  Effect.provide(
    Simulator.layer({
      keep: 1,
      devices,
      scenarios: [
        // What comes back later, in a chunk of its own.
        { id: "busy", probability: 0.01, seed, effect: { _tag: "reject", reason: "ServiceUnavailable" } },
        { id: "way", effect: { _tag: "delay", millis: { _tag: "uniform", min: 5, max: 40 } } }
      ],
      onSettled: (received, processed) => ledger.add(received, processed)
    })
  )
)

const fiber = Effect.runFork(program)
process.once("disconnect", () => process.exit(1))
await Effect.runPromise(Fiber.join(fiber))
