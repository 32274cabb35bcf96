/** Runs one client once. */
import { Effect } from "effect"
import { isUnavailable, type Job, type Outcome, readOutcome } from "./contract.ts"
import { start } from "./processes.ts"
import type { ClientEntry } from "./registry.ts"
import { connectionsTo, type Server } from "./servers.ts"

const clientCpu = 0

export interface Ran {
  readonly outcome: Outcome
  /** The most connections that it had open at a time. */
  readonly connections: number | undefined
}

/** What a job leaves to say, beside the server and the client. */
export type Task = Pick<Job, "mode" | "count" | "warmup" | "concurrency" | "rate">

const unavailable = (problem: string): Outcome => ({ unavailable: problem })

/** The line of a stack trace that says what happened. */
const gist = (stderr: string): string => {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "")
  return lines.find((line) => /error/i.test(line) && !/^\s/.test(line)) ?? lines[0] ?? ""
}

/** Runs a client in a process of its own; one that hangs is ended after `limitSeconds`. Never fails. */
export const runClient = Effect.fnUntraced(function* (
  client: ClientEntry,
  server: Server,
  topic: string,
  task: Task,
  limitSeconds: number,
  env: Readonly<Record<string, string>> = {}
) {
  const { host, port, ca, credentials } = server
  const job: Job = {
    url: `https://${host}:${port}`,
    host,
    port,
    ca,
    credentials,
    topic,
    variant: client.variant,
    ...task
  }
  // The last client's connections are over first, so that they are neither work for the server nor counted.
  for (let tries = 0; tries < 40 && (connectionsTo(port) ?? 0) > 0; tries++) yield* Effect.sleep("50 millis")
  const running = yield* start({
    command: [...client.command, JSON.stringify(job)],
    cpu: clientCpu,
    env: { NODE_EXTRA_CA_CERTS: ca, SSL_CERT_FILE: ca, ...env }
  })
  let connections: number | undefined
  const sampler = setInterval(() => {
    const now = connectionsTo(port)
    if (now !== undefined) connections = Math.max(connections ?? 0, now)
  }, 100)
  const exit = yield* Effect.promise(() => running.exited).pipe(
    Effect.timeoutOption(limitSeconds * 1_000),
    Effect.ensuring(Effect.sync(() => clearInterval(sampler)))
  )
  if (exit._tag === "None") {
    return { outcome: unavailable(`it was not done after ${limitSeconds} seconds`), connections }
  }
  const outcome = readOutcome(running.stdout())
  const stderr = running.stderr().trim()
  const quiet = isUnavailable(outcome) && outcome.unavailable.startsWith("it printed") && stderr !== ""
  return { outcome: quiet ? unavailable(gist(stderr)) : outcome, connections } satisfies Ran
}, Effect.scoped)
