/** The command line. */
import { parseArgs } from "node:util"

export const runNames = ["throughput", "round-trip", "latency", "memory", "delivery"] as const

export type RunName = (typeof runNames)[number]

export interface Options {
  readonly quick: boolean
  readonly list: boolean
  readonly help: boolean
  readonly runs: ReadonlyArray<RunName>
  readonly servers: ReadonlyArray<string>
  readonly clients: ReadonlyArray<string>
  readonly rounds: number
  readonly count: number
  readonly concurrency: number
  readonly rates: ReadonlyArray<number>
  readonly rateSeconds: number
  readonly windows: ReadonlyArray<number>
  readonly memoryCount: number
  readonly deliveryCount: number
  readonly external: string | undefined
  readonly json: string | undefined
  readonly docs: boolean
  readonly render: string | undefined
}

export const usage = `pnpm bench [options]

  --quick                a smoke test: one round of everything, in under a minute
  --runs <a,b>           ${runNames.join(", ")} (default: all)
  --servers <a,b>        nginx, simulator (default: both)
  --clients <a,b>        by id; see --list (default: all)
  --rounds <n>           alternating rounds of the throughput run (default 5)
  --count <n>            notifications per round of a client of scale 1 (default 100000)
  --concurrency <n>      notifications under way at a time (default 1000)
  --rates <a,b>          notifications per second of the latency run (default 1000,10000)
  --windows <a,b>        notifications handed over at a time in the round-trip run (default 1200,2400,6400)
  --memory-count <n>     notifications of the memory run (default 1000000)
  --delivery-count <n>   notifications of a delivery run (default 150000)
  --external <file>      more clients, in any language: a JSON array, see packages/bench/README.md
  --json <file>          where the figures go (default packages/bench/results/latest.json)
  --docs                 writes docs/benchmarks.md and docs/benchmarks.svg
  --render <file>        writes them from the figures in a JSON file and runs nothing
  --list                 lists the clients
`

const names = (value: string | undefined): ReadonlyArray<string> =>
  (value ?? "").split(",").flatMap((name) => (name.trim() === "" ? [] : [name.trim()]))

const whole = (flag: string, value: string): number => {
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`--${flag} takes a positive whole number`)
  return number
}

const oneOf = <A extends string>(flag: string, value: string, allowed: ReadonlyArray<A>): A => {
  const found = allowed.find((name) => name === value)
  if (found === undefined) throw new Error(`--${flag} takes ${allowed.join(", ")}`)
  return found
}

export const readOptions = (args: ReadonlyArray<string>): Options => {
  const text = { type: "string" } as const
  const flag = { type: "boolean", default: false } as const
  const { values } = parseArgs({
    // `pnpm bench -- --quick` hands the dashes on.
    args: args.filter((arg) => arg !== "--"),
    options: {
      ...{ quick: flag, list: flag, help: flag, docs: flag },
      ...{ runs: text, servers: text, clients: text, rounds: text, count: text, concurrency: text },
      ...{
        rates: text,
        windows: text,
        "memory-count": text,
        "delivery-count": text,
        external: text,
        json: text,
        render: text
      }
    }
  })
  const quick = values.quick === true
  const number = (
    name: "rounds" | "count" | "concurrency" | "memory-count" | "delivery-count",
    full: number,
    short: number
  ) => {
    const value = values[name]
    return typeof value === "string" ? whole(name, value) : quick ? short : full
  }
  const numbers = (name: "rates" | "windows", full: ReadonlyArray<number>, short: ReadonlyArray<number>) => {
    const value = values[name]
    return typeof value === "string" ? names(value).map((each) => whole(name, each)) : quick ? short : full
  }
  const runs = names(values.runs).map((name) => oneOf("runs", name, runNames))
  const servers = names(values.servers).map((name) => oneOf("servers", name, ["nginx", "simulator"]))
  return {
    quick,
    list: values.list === true,
    help: values.help === true,
    runs: runs.length === 0 ? runNames : runs,
    servers: servers.length === 0 ? ["nginx", "simulator"] : servers,
    clients: names(values.clients),
    rounds: number("rounds", 5, 1),
    count: number("count", 100_000, 4_000),
    concurrency: number("concurrency", 1_000, 1_000),
    rates: numbers("rates", [1_000, 10_000], [1_000]),
    rateSeconds: quick ? 0.5 : 4,
    windows: numbers("windows", [1_200, 2_400, 6_400], [1_200]),
    memoryCount: number("memory-count", 1_000_000, 20_000),
    deliveryCount: number("delivery-count", 150_000, 4_000),
    external: values.external,
    json: values.json,
    docs: values.docs === true,
    render: values.render
  }
}
