/** The storm's server: the simulator behind the relay, the plan of faults, and the ledger. Started by `stormServer.ts`. */
import { Simulator } from "@effect-apns/simulator"
import { Effect, Fiber } from "effect"
import { Ledger } from "./ledger.ts"
import { type PlanOptions, plan } from "./plan.ts"
import type { FromServer, ToServer } from "./protocol.ts"
import { relayTo } from "./relay.ts"

const options: PlanOptions = JSON.parse(process.argv.at(-1) ?? "{}")

const tell = (message: FromServer) => process.send?.(message)

const faults = plan(options)
const ledger = new Ledger(options.notifications)
const injected: Record<string, number> = {}
let next = 0
let settled = 0
let onProgress = () => {}

const program = Effect.gen(function* () {
  const simulator = yield* Simulator
  const relay = yield* Effect.promise(() => relayTo(simulator.port))

  onProgress = () => {
    const progress = Math.max(ledger.received, settled)
    for (let fault = faults[next]; fault !== undefined && fault.at <= progress; fault = faults[++next]) {
      injected[fault.kind] = (injected[fault.kind] ?? 0) + 1
      const { planned } = fault
      if (planned._tag === "network") relay.fail(planned.fault)
      else if (planned._tag === "freeze") tell(planned)
      else if (planned._tag === "clock") tell({ _tag: "clockSet", aheadMillis: planned.aheadMillis })
      else Effect.runSync(simulator.inject(planned.fault))
    }
  }

  const account = Effect.gen(function* () {
    const connections = yield* simulator.connections
    tell({
      _tag: "account",
      counts: ledger.counts,
      received: ledger.received,
      connections: connections.at(-1)?.id ?? 0,
      excessStreams: connections.reduce((sum, { excessStreams }) => sum + excessStreams, 0),
      injected
    })
  })

  const calm = Effect.gen(function* () {
    next = faults.length
    yield* simulator.clearFaults
    relay.clear()
    // What the network still held is the server's to process: its account is complete when the last connection is gone.
    while ((yield* simulator.connections).some(({ open }) => open)) yield* Effect.sleep("20 millis")
    yield* account
  })

  process.on("message", (message: ToServer) => {
    if (message._tag === "calm") Effect.runFork(calm)
    else {
      settled = message.settled
      onProgress()
    }
  })
  tell({ _tag: "ready", port: relay.port, ca: simulator.ca, key: simulator.key })
  return yield* Effect.never
}).pipe(
  Effect.provide(
    Simulator.layer({
      keep: 1,
      // An expired token stands for one that was used for an hour: it may be renewed.
      tokenUpdateScope: "none",
      onSettled: (received, processed) => {
        ledger.add(received, processed)
        onProgress()
      }
    })
  )
)

const fiber = Effect.runFork(program)
process.once("disconnect", () => process.exit(0))
await Effect.runPromise(Fiber.join(fiber))
