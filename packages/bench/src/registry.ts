/** The clients that take part. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

export interface ClientEntry {
  readonly id: string
  readonly label: string
  /** A command that is given the job as its last argument. */
  readonly command: ReadonlyArray<string>
  readonly variant: string
  /** The share of `--count` that it sends, so that each client runs for a few seconds. */
  readonly scale: number
  /** The most notifications under way that do it good. */
  readonly concurrency?: number | undefined
  /** The highest rate of the latency run that it is asked for. */
  readonly maxRate?: number | undefined
  readonly kind: "limit" | "ours" | "peer"
  /** Its rate is better where the server lets each answer leave at once; see `nginx` in servers.ts. */
  readonly nodelay?: boolean | undefined
  /** The runs besides `throughput` against nginx that it takes part in. */
  readonly runs: ReadonlyArray<"simulator" | "round-trip" | "latency" | "memory" | "delivery">
  /** Whether it takes part in nothing but `runs`. */
  readonly apart?: boolean | undefined
}

const script = (name: string) => [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  fileURLToPath(new URL(`./clients/${name}.ts`, import.meta.url))
]

const clients: ReadonlyArray<ClientEntry> = [
  {
    id: "h2load",
    label: "h2load (C)",
    command: script("h2load"),
    variant: "",
    scale: 4,
    kind: "limit",
    runs: ["round-trip"]
  },
  {
    id: "engine",
    label: "@effect-apns/http2",
    command: script("engine"),
    variant: "",
    scale: 4,
    kind: "ours",
    runs: ["simulator", "round-trip", "latency"]
  },
  {
    id: "fan-out",
    label: "ours, fan-out",
    command: script("ours"),
    variant: "fanOut",
    scale: 2,
    kind: "ours",
    runs: ["round-trip", "memory"]
  },
  {
    id: "send-all",
    label: "ours, sendAll",
    command: script("ours"),
    variant: "sendAll",
    scale: 2,
    kind: "ours",
    runs: ["simulator", "round-trip", "memory"]
  },
  {
    id: "for-each",
    label: "ours, forEach",
    command: script("ours"),
    variant: "forEach",
    scale: 2,
    kind: "ours",
    runs: ["simulator", "round-trip", "memory"]
  },
  {
    id: "run-promise",
    label: "ours, runPromise",
    command: script("ours"),
    variant: "runPromise",
    scale: 2,
    kind: "ours",
    runs: ["simulator", "round-trip", "latency", "memory"]
  },
  {
    id: "node-http2",
    label: "bare node:http2",
    command: script("nodeHttp2"),
    variant: "",
    scale: 1,
    kind: "limit",
    runs: ["simulator", "round-trip", "latency"]
  },
  {
    id: "node-apn",
    label: "node-apn",
    command: script("nodeApn"),
    variant: "each",
    scale: 0.5,
    kind: "peer",
    nodelay: true,
    runs: ["simulator", "round-trip", "latency"]
  },
  {
    id: "node-apn-fan-out",
    label: "node-apn, fan-out",
    command: script("nodeApn"),
    variant: "fanOut",
    scale: 0.5,
    kind: "peer",
    nodelay: true,
    runs: ["round-trip"]
  },
  {
    id: "apns2",
    label: "apns2",
    command: script("apns2"),
    variant: "default",
    scale: 0.25,
    kind: "peer",
    nodelay: true,
    runs: ["simulator", "round-trip", "latency"]
  },
  {
    id: "apns2-one",
    label: "apns2, 1 connection",
    command: script("apns2"),
    variant: "oneConnection",
    scale: 0.25,
    kind: "peer",
    nodelay: true,
    runs: ["round-trip", "latency"]
  },
  {
    id: "hapns",
    label: "hapns",
    command: script("hapns"),
    variant: "",
    scale: 0.1,
    concurrency: 50,
    // Beyond what it can carry, it opens a connection for each notification that waits.
    maxRate: 1_000,
    kind: "peer",
    nodelay: true,
    runs: ["latency"]
  }
]

const delivery = (variant: string, label: string): ClientEntry => ({
  id: `delivery-${variant}`,
  label,
  command: script("delivery"),
  variant,
  scale: 1,
  kind: "ours",
  apart: true,
  runs: ["delivery"]
})

/** Durable delivery, by its stores. */
const deliveries: ReadonlyArray<ClientEntry> = [
  delivery("memory", "memory"),
  delivery("sqlite", "SQLite"),
  delivery("postgres", "PostgreSQL"),
  delivery("redis", "Redis")
]

/** Reads the clients of `--external`: a JSON array of `{ id, label, command, … }`. */
const external = (file: string): ReadonlyArray<ClientEntry> => {
  const entries: ReadonlyArray<Partial<ClientEntry>> = JSON.parse(readFileSync(file, "utf8"))
  return entries.map(({ id, command, ...entry }) => {
    if (id === undefined || command === undefined) throw new Error(`${file}: each client needs an id and a command`)
    return { id, command, label: id, variant: "", scale: 1, kind: "peer", runs: ["round-trip"], ...entry }
  })
}

/** The clients named, in the order of the registry; all of them when none is named. */
export const choose = (names: ReadonlyArray<string>, externalFile: string | undefined): ReadonlyArray<ClientEntry> => {
  const all = [...clients, ...deliveries, ...(externalFile === undefined ? [] : external(externalFile))]
  const unknown = names.filter((name) => !all.some(({ id }) => id === name))
  if (unknown.length > 0) {
    throw new Error(`no such client: ${unknown.join(", ")}; there are ${all.map(({ id }) => id).join(", ")}`)
  }
  return names.length === 0 ? all : all.filter(({ id }) => names.includes(id))
}
