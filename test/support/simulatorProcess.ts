/**
 * Simulators in a process of their own, one on each of the hosts that are its arguments, with one port and one key. Says
 * where they are in a line of JSON, and the ids of what each has received in another for every line that it reads; ends
 * with its input.
 */
import { createInterface } from "node:readline"
import { Simulator } from "@effect-apns/simulator"
import { Context, Effect, Layer, Logger } from "effect"

const serverAt = (host: string, port?: number) =>
  Effect.map(Layer.build(Layer.fresh(Simulator.layer({ host, port }))), (context) => Context.get(context, Simulator))

const say = (line: unknown) => void process.stdout.write(`${JSON.stringify(line)}\n`)

const answer = async (simulators: ReadonlyArray<Simulator["Service"]>) => {
  for await (const _ of createInterface({ input: process.stdin })) {
    const received = await Effect.runPromise(Effect.all(simulators.map((simulator) => simulator.received)))
    say(received.map((log) => log.map(({ apnsId }) => apnsId)))
  }
}

const program = Effect.gen(function* () {
  const [first = "127.0.0.1", ...others] = process.argv.slice(2)
  const one = yield* serverAt(first)
  const { key, port } = one
  const simulators = [one]
  for (const host of others) {
    const other = yield* serverAt(host, port)
    yield* other.registerKey({ ...key, pem: key.privateKey })
    simulators.push(other)
  }
  say({ ca: simulators.map((simulator) => simulator.ca).join(""), key, port })
  yield* Effect.promise(() => answer(simulators))
})

// The output is for lines of JSON: warnings go to the other one.
const logger = Logger.withConsoleError(Logger.formatSimple)

await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Logger.layer([logger]))))
