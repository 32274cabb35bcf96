/** The runs: which client sends what to which server, round after round. */
import { Effect, type Scope } from "effect"
import { isUnavailable } from "./contract.ts"
import type { Measurement } from "./measurement.ts"
import type { Options } from "./options.ts"
import type { BenchError } from "./processes.ts"
import type { ClientEntry } from "./registry.ts"
import { deliveryMillis, roundTripMillis } from "./roundTrip.ts"
import { runClient, type Task } from "./runClient.ts"
import { far, nginx, type Server, simulator } from "./servers.ts"
import { stores } from "./stores.ts"

export const topic = "com.example.app"

const warmupOf = (count: number) => Math.max(1_000, Math.round(count / 5))

interface Plan {
  readonly run: Measurement["run"]
  readonly server: Server
  /** For the clients whose `nodelay` is set. */
  readonly prompt?: Server | undefined
  readonly clients: ReadonlyArray<ClientEntry>
  readonly rounds: number
  readonly task: (client: ClientEntry) => Task
  readonly env?: ((client: ClientEntry) => Readonly<Record<string, string>>) | undefined
}

const say = (text: string) => Effect.sync(() => process.stderr.write(text))

/** Interleaved: every client once, then every client again. A client that cannot run is not asked a second time. */
const carryOut = Effect.fnUntraced(function* (
  { run, server, prompt = server, clients, rounds, task, env = () => ({}) }: Plan,
  record: (measurement: Measurement) => void
) {
  const out = new Set<string>()
  for (let round = 0; round < rounds; round++) {
    for (const client of clients.filter(({ id }) => !out.has(id))) {
      const what = task(client)
      yield* say(`${run} · ${server.name} · ${round + 1}/${rounds} · ${client.label} … `)
      const { outcome, connections } = yield* runClient(
        client,
        client.nodelay === true ? prompt : server,
        topic,
        what,
        run === "memory" ? 900 : 180,
        env(client)
      )
      record({
        run,
        server: server.name,
        client: client.id,
        label: client.label,
        kind: client.kind,
        round,
        concurrency: what.concurrency,
        rate: what.rate,
        connections: connections ?? null,
        outcome
      })
      if (isUnavailable(outcome)) out.add(client.id)
      yield* say(
        isUnavailable(outcome)
          ? `${outcome.unavailable.split("\n")[0]}\n`
          : `${Math.round(outcome.accepted / outcome.seconds).toLocaleString("en")}/s, ${outcome.failed} failed\n`
      )
    }
  }
})

/** Every run that the options ask for. */
export const runAll = Effect.fnUntraced(function* (
  options: Options,
  clients: ReadonlyArray<ClientEntry>,
  record: (measurement: Measurement) => void
): Effect.fn.Return<void, BenchError, Scope.Scope> {
  const { runs, servers, rounds, count, concurrency, rates, rateSeconds, windows, memoryCount, deliveryCount } = options
  const taking = (run: ClientEntry["runs"][number]) => clients.filter((client) => client.runs.includes(run))
  const throughput =
    (share: number, window = concurrency) =>
    (client: ClientEntry): Task => {
      const all = Math.max(1, Math.round(count * client.scale * share))
      return {
        mode: "throughput",
        count: all,
        warmup: warmupOf(all),
        concurrency: Math.min(window, client.concurrency ?? window),
        rate: 0
      }
    }
  const fewer = Math.min(rounds, 3)

  if (servers.includes("simulator") && runs.includes("throughput")) {
    const simulate = Effect.gen(function* () {
      const server = yield* simulator
      const plan: Plan = {
        run: "throughput",
        server,
        clients: taking("simulator"),
        rounds: Math.min(rounds, 2),
        task: throughput(0.1)
      }
      yield* carryOut(plan, record)
    })
    yield* Effect.scoped(simulate)
  }
  if (!servers.includes("nginx")) return

  const server = yield* nginx("off")
  const prompt = yield* nginx("on")
  if (runs.includes("throughput")) {
    yield* carryOut(
      {
        run: "throughput",
        server,
        prompt,
        clients: clients.filter(({ apart }) => apart !== true),
        rounds,
        task: throughput(1)
      },
      record
    )
  }
  if (runs.includes("round-trip")) {
    const server = yield* far(roundTripMillis)
    for (const window of windows) {
      const plan: Plan = {
        run: "round-trip",
        server,
        clients: taking("round-trip"),
        rounds: fewer,
        // At most 20,000/s come through one connection; peers have no more of them for a larger window.
        task: (client) => throughput((client.kind === "peer" ? 0.6 : window / 2_000) / client.scale, window)(client)
      }
      yield* carryOut(plan, record)
    }
  }
  if (runs.includes("latency")) {
    for (const rate of rates) {
      const task = (): Task => {
        const all = Math.round(rate * rateSeconds)
        return { mode: "rate", count: all, warmup: Math.min(10_000, warmupOf(all) * 2), concurrency: 100, rate }
      }
      yield* carryOut(
        {
          run: "latency",
          server: prompt,
          clients: taking("latency").filter(({ maxRate }) => rate <= (maxRate ?? rate)),
          rounds: fewer,
          task
        },
        record
      )
    }
  }
  if (runs.includes("memory")) {
    const task = (): Task => ({ mode: "memory", count: memoryCount, warmup: 0, concurrency, rate: 0 })
    yield* carryOut({ run: "memory", server, clients: taking("memory"), rounds: 1, task }, record)
  }
  if (runs.includes("delivery")) {
    const server = yield* far(deliveryMillis)
    const places = yield* stores
    const placeOf = ({ variant }: ClientEntry) => Object.entries(places).find(([name]) => name === variant)?.[1]
    const plan: Plan = {
      run: "delivery",
      server,
      clients: taking("delivery").filter((client) => placeOf(client) !== undefined),
      rounds: fewer,
      task: () => ({
        mode: "throughput",
        count: deliveryCount,
        warmup: warmupOf(deliveryCount),
        concurrency: 3_000,
        rate: 0
      }),
      env: (client) => ({ BENCH_STORE: placeOf(client) ?? "" })
    }
    yield* carryOut(plan, record)
  }
})
