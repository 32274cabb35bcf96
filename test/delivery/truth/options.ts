/** The command line. */
import { parseArgs } from "node:util"
import { type Fault, faults } from "./faults.ts"
import type { Kind } from "./places.ts"
import type { RunOptions } from "./run.ts"

export interface Options {
  readonly help: boolean
  readonly json: boolean
  readonly stores: ReadonlyArray<Kind["name"]>
  readonly run: RunOptions
}

export const usage = `pnpm delivery:truth [options]

  --seed <n>             what is done to whom, and when (default 1)
  --stores <a,b>         sqlite, postgresql, redis (default all)
  --faults <a,b>         some of the faults, as the table names them
  --notifications <n>    for each fault (default 150000)
  --rounds <n>           how often workers are killed, or asked to end
                         (default 10)
  --in-flight <n>        notifications that a worker sends at once
                         (default 1000)
  --lease <seconds>      how long a chunk stays with a worker that is gone
                         (default 4)
  --idle <seconds>       how long nothing is enqueued before the last fault
                         (default 600)
  --patience <seconds>   how long one fault may take (default 300)
  --json                 prints JSON in place of the table
`

const names: Readonly<Record<string, Kind["name"]>> = { sqlite: "SQLite", postgresql: "PostgreSQL", redis: "Redis" }

const nameOf = (name: string): Kind["name"] => {
  const found = names[name]
  if (found === undefined) throw new Error(`--stores takes ${Object.keys(names).join(", ")}`)
  return found
}

const faultOf = (name: string): Fault => {
  const found = faults.find((fault) => fault.name === name)
  if (found === undefined) throw new Error(`--faults takes ${faults.map((fault) => fault.name).join(", ")}`)
  return found
}

export const readOptions = (args: ReadonlyArray<string>): Options => {
  const text = { type: "string" } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ help: { type: "boolean" }, json: { type: "boolean" }, seed: text, stores: text, faults: text },
      ...{ notifications: text, rounds: text, "in-flight": text, lease: text, idle: text, patience: text }
    }
  })
  const number = (
    name: "seed" | "notifications" | "rounds" | "in-flight" | "lease" | "idle" | "patience",
    otherwise: number
  ): number => {
    const value = values[name]
    if (typeof value !== "string") return otherwise
    const given = Number(value)
    if (!Number.isSafeInteger(given) || given < 1) throw new Error(`--${name} takes a positive whole number`)
    return given
  }
  return {
    help: values.help === true,
    json: values.json === true,
    stores: (values.stores ?? Object.keys(names).join(",")).split(",").map(nameOf),
    run: {
      seed: number("seed", 1),
      faults: values.faults === undefined ? faults : values.faults.split(",").map(faultOf),
      notifications: number("notifications", 150_000),
      rounds: number("rounds", 10),
      pageSize: 500,
      inFlight: number("in-flight", 1_000),
      leaseMillis: number("lease", 4) * 1_000,
      idleMillis: number("idle", 600) * 1_000,
      patienceMillis: number("patience", 300) * 1_000
    }
  }
}
