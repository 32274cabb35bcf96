/** The simulator in a process of its own; prints where it listens and what to trust. */
import { Simulator } from "@effect-apns/simulator"
import { Effect, Fiber } from "effect"

const program = Effect.gen(function* () {
  const { port, ca, key } = yield* Simulator
  process.stdout.write(`${JSON.stringify({ port, ca, key })}\n`)
  // Every client is measured with the same streams: the growth from 1 to 1000 is tested elsewhere.
}).pipe(
  Effect.andThen(Effect.never),
  Effect.provide(Simulator.layer({ initialMaxConcurrentStreams: 1_000, maxConcurrentStreams: 1_000, keep: 1_000 }))
)

const fiber = Effect.runFork(program)
process.once("SIGTERM", () => Effect.runPromise(Fiber.interrupt(fiber)).then(() => process.exit(0)))
await Effect.runPromise(Fiber.join(fiber))
