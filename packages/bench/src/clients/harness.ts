/**
 * What the clients in JavaScript share: the three modes, the window, the clock. A client says how to connect and how to
 * send one notification; `main` measures it and prints the line of JSON.
 */
import { getHeapSpaceStatistics } from "node:v8"
import type { Job, Latency, Measured, MemorySample, Outcome } from "../contract.ts"
import { percentile } from "../statistics.ts"

export interface Client {
  /** Sends the `index`th notification; calls `done` exactly once, with nothing or with what went wrong. */
  readonly send: (index: number, done: (problem?: unknown) => void) => void
  /** Sends the notifications from `start` up to `end` in the client's own way, in place of the window. */
  readonly sendRange?: (start: number, end: number, tally: Tally) => Promise<void>
  readonly close: () => Promise<void> | void
  readonly version?: string | undefined
}

export class Tally {
  accepted = 0
  failed = 0
  readonly problems = new Set<string>()

  count(problem: unknown): void {
    if (problem === undefined) {
      this.accepted++
    } else {
      this.failed++
      if (this.problems.size < 3) this.problems.add(String(problem).slice(0, 200))
    }
  }
}

/** Keeps `concurrency` notifications under way until all are done. */
const sendWindow = (client: Client, start: number, end: number, concurrency: number, tally: Tally): Promise<void> =>
  new Promise((resolve) => {
    let next = start
    let pending = 0
    let filling = false
    const fill = () => {
      // A client that is done at once must not deepen the stack.
      if (filling) return
      filling = true
      while (pending < concurrency && next < end) {
        pending++
        client.send(next++, done)
      }
      filling = false
      if (pending === 0 && next >= end) resolve()
    }
    const done = (problem?: unknown) => {
      pending--
      tally.count(problem)
      fill()
    }
    fill()
  })

/** Open loop: every notification is sent when it is due, however late the answers are, and its latency counts from then. */
const sendAtRate = (client: Client, start: number, count: number, rate: number, tally: Tally): Promise<Float64Array> =>
  new Promise((resolve) => {
    const latencies = new Float64Array(count)
    const interval = 1_000 / rate
    const startedAt = performance.now()
    let sent = 0
    let finished = 0
    // setImmediate and not setTimeout: a timer's resolution of 1 ms would be most of what is measured.
    const turn = () => {
      const now = performance.now() - startedAt
      while (sent < count && sent * interval <= now) {
        const index = sent++
        client.send(start + index, (problem) => {
          if (problem === undefined) latencies[index] = (performance.now() - startedAt - index * interval) * 1_000
          tally.count(problem)
          finished++
        })
      }
      if (finished < count) setImmediate(turn)
      else resolve(latencies)
    }
    turn()
  })

/** Of the notifications that were accepted; those that failed left no time. */
const latencyOf = (latencies: Float64Array): Latency | null => {
  const sorted = latencies.filter((micros) => micros > 0).sort()
  if (sorted.length === 0) return null
  const at = (p: number) => Math.round(percentile(sorted, p))
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) }
}

const youngBytes = (): number | undefined =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.physical_space_size

const measure = async (client: Client, job: Job): Promise<Measured> => {
  const send = (start: number, end: number, tally: Tally) =>
    client.sendRange?.(start, end, tally) ?? sendWindow(client, start, end, job.concurrency, tally)
  const warmup = new Tally()
  await send(0, job.warmup, warmup)
  const tally = new Tally()
  const rss: Array<MemorySample> = []
  let latencyMicros: Latency | null = null
  const end = job.warmup + job.count
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  if (job.mode === "rate") {
    latencyMicros = latencyOf(await sendAtRate(client, job.warmup, job.count, job.rate, tally))
  } else if (job.mode === "memory") {
    const step = Math.ceil(job.count / 20)
    for (let start = job.warmup; start < end; start += step) {
      const stop = Math.min(end, start + step)
      await send(start, stop, tally)
      rss.push({ sent: stop - job.warmup, bytes: process.memoryUsage.rss(), youngBytes: youngBytes() })
    }
  } else {
    await send(job.warmup, end, tally)
  }
  const seconds = (performance.now() - startedAt) / 1_000
  const cpu = process.cpuUsage(cpuBefore)
  return {
    sent: tally.accepted + tally.failed,
    accepted: tally.accepted,
    failed: tally.failed,
    seconds,
    cpuMicros: cpu.user + cpu.system,
    // libuv gives it in kilobytes.
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
    latencyMicros,
    rss: rss.length === 0 ? null : rss,
    problems: [...warmup.problems, ...tally.problems],
    version: client.version ?? null
  }
}

export const readJob = (): Job => JSON.parse(process.argv.at(-1) ?? "{}")

/** Prints the outcome and ends the process: a client that leaves handles open must not keep it. */
export const print = (outcome: Outcome): void => {
  process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0))
}

export const main = async (connect: (job: Job) => Promise<Client>): Promise<void> => {
  try {
    const job = readJob()
    const client = await connect(job)
    const outcome = await measure(client, job)
    await client.close()
    print(outcome)
  } catch (error) {
    print({ unavailable: error instanceof Error ? error.message : String(error) })
  }
}

/** For clients whose `send` gives a Promise. */
export const settle = (promise: Promise<unknown>, done: (problem?: unknown) => void): void => {
  promise.then(
    () => done(),
    (error: unknown) => done(error ?? "rejected with nothing")
  )
}
