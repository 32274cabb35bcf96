/** The command line. */
import { parseArgs } from "node:util"
import { times } from "./client.ts"
import { kinds } from "./kinds.ts"
import type { PeerName } from "./peerStorm.ts"
import type { StormOptions } from "./storm.ts"

export interface Options {
  readonly help: boolean
  readonly json: boolean
  readonly clients: ReadonlyArray<"ours" | PeerName>
  /** Whether unknown outcomes are replayed, storm by storm. */
  readonly replays: ReadonlyArray<boolean>
  readonly storm: Omit<StormOptions, "replayUnknown">
}

export const usage = `pnpm storm [options]

  --seed <n>             which faults come when (default 1)
  --notifications <n>    how many are sent (default 1000000)
  --faults <n>           how many come between them (default one to 100)
  --replay <off|on|both> whether the library replays unknown outcomes (default
                         both, one storm after the other)
  --clients <a,b>        ours, node-apn, apns2 (default ours)
  --without <a,b>        kinds of faults to leave out, as the table names them
  --concurrency <n>      notifications under way at a time (default 64)
  --deadline <seconds>   how long one storm may take (default 1800)
  --json                 prints JSON in place of the tables
`

const whole = (flag: string, value: string): number => {
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`--${flag} takes a positive whole number`)
  return number
}

const clientOf = (name: string): "ours" | PeerName => {
  if (name === "ours" || name === "node-apn" || name === "apns2") return name
  throw new Error("--clients takes ours, node-apn, apns2")
}

const kindOf = (name: string): string => {
  if (kinds.has(name)) return name
  throw new Error(`--without takes kinds of faults, and "${name}" is none`)
}

const replaysOf = (value: string): ReadonlyArray<boolean> => {
  if (value === "both") return [false, true]
  if (value === "on" || value === "off") return [value === "on"]
  throw new Error("--replay takes off, on or both")
}

export const readOptions = (args: ReadonlyArray<string>): Options => {
  const text = { type: "string" } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ help: { type: "boolean" }, json: { type: "boolean" }, replay: text, clients: text },
      ...{ seed: text, notifications: text, faults: text, concurrency: text, deadline: text, without: text }
    }
  })
  const number = (name: "seed" | "notifications" | "faults" | "concurrency" | "deadline", otherwise: number) => {
    const value = values[name]
    return typeof value === "string" ? whole(name, value) : otherwise
  }
  const notifications = number("notifications", 1_000_000)
  return {
    help: values.help === true,
    json: values.json === true,
    clients: (values.clients ?? "ours").split(",").map(clientOf),
    replays: replaysOf(values.replay ?? "both"),
    storm: {
      seed: number("seed", 1),
      notifications,
      faults: number("faults", Math.ceil(notifications / 100)),
      without: (values.without ?? "").split(",").flatMap((name) => (name === "" ? [] : [kindOf(name)])),
      times,
      concurrency: number("concurrency", 64),
      deadlineMillis: number("deadline", 1_800) * 1_000
    }
  }
}
