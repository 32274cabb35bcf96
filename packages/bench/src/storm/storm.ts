/** One storm: every notification once through all the faults, and what was not accepted again in calm weather. */
import { Effect, type Scope } from "effect"
import type { ApnsError } from "effect-apns"
import type { BenchError } from "../processes.ts"
import { type ClientOptions, send, type Times } from "./client.ts"
import { broken, judge, type Verdict } from "./judge.ts"
import { Outcomes, words } from "./outcomes.ts"
import type { PlanOptions } from "./plan.ts"
import { stormServer } from "./stormServer.ts"
import { wallClock } from "./wallClock.ts"

export interface StormOptions extends PlanOptions {
  readonly replayUnknown: boolean
  readonly concurrency: number
  /** After it the storm ends, and whatever has no result is told. */
  readonly deadlineMillis: number
  readonly times: Times
}

export interface StormReport {
  readonly options: StormOptions
  /** The whole of it, and the part with faults. */
  readonly seconds: number
  readonly stormSeconds: number
  readonly verdict: Verdict
  /** How often the client gave each reason. */
  readonly reasons: Readonly<Record<string, number>>
  readonly injected: Readonly<Record<string, number>>
  readonly injectedTotal: number
  /** Requests that reached the server whole, and connections it had, while the storm lasted. */
  readonly received: number
  readonly connections: number
  /** Streams that the client opened above the limit in force. */
  readonly excessStreams: number
  readonly homecoming: {
    /** Notifications that were sent again: those not accepted. */
    readonly resent: number
    /** How often, until each was accepted. */
    readonly rounds: number
    /** Those that were not, even so. */
    readonly unaccepted: number
    /** Of all, those that the server has never processed in the end. */
    readonly lost: number
  }
  /** What went against the promise; nothing, when it was kept. */
  readonly broken: ReadonlyArray<string>
  /** The first notifications that have no result. */
  readonly outstanding: ReadonlyArray<number>
}

/** A busy machine may take longer than a time of the storm. */
const maxRounds = 5
const calmTimes: Times = {
  timeout: "30 seconds",
  connectTimeout: "10 seconds",
  silencePing: "5 seconds",
  pingTimeout: "5 seconds",
  idlePing: "1 minute",
  maxSessions: 1,
  slowDown: {}
}

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, count) => total + count, 0)

const range = function* (end: number) {
  for (let index = 0; index < end; index++) yield index
}

export const storm = Effect.fnUntraced(function* (
  options: StormOptions
): Effect.fn.Return<StormReport, ApnsError | BenchError, Scope.Scope> {
  const { concurrency, deadlineMillis, notifications, replayUnknown, times } = options
  const startedAt = performance.now()
  const { clock, set } = wallClock()
  const server = yield* stormServer(options, set)
  const client: ClientOptions = { server: server.ready, replayUnknown, concurrency, deadlineMillis, times, clock }
  const outcomes = new Outcomes(notifications)
  yield* send({ ...client, onProgress: server.progress }, range(notifications), outcomes)
  const stormSeconds = (performance.now() - startedAt) / 1_000
  const account = yield* server.calm
  set(0)
  const verdict = judge(outcomes, account.counts, replayUnknown)

  let undone: ReadonlyArray<number> = [...outcomes.of("refused", "unsent", "unknown", "nothing")]
  const resent = undone.length
  let rounds = 0
  for (; undone.length > 0 && rounds < maxRounds; rounds++) {
    const round = new Outcomes(notifications)
    yield* send({ ...client, times: calmTimes }, undone, round)
    undone = undone.filter((index) => words[round.said[index] ?? 0] !== "accepted")
  }
  const { counts } = yield* server.calm
  const lost = counts.processed.reduce((total, times) => (times === 0 ? total + 1 : total), 0)

  return {
    options,
    seconds: (performance.now() - startedAt) / 1_000,
    stormSeconds,
    verdict,
    reasons: Object.fromEntries([...outcomes.reasons].sort((a, b) => b[1] - a[1])),
    injected: account.injected,
    injectedTotal: sum(account.injected),
    received: account.received,
    connections: account.connections,
    excessStreams: account.excessStreams,
    homecoming: { resent, rounds, unaccepted: undone.length, lost },
    broken: [
      ...broken(verdict),
      ...(account.excessStreams === 0 ? [] : [`${account.excessStreams} streams above the limit`]),
      ...(lost === 0 ? [] : [`${lost} never processed in the end`]),
      ...(undone.length === 0 ? [] : [`${undone.length} not accepted after ${rounds} rounds in calm weather`])
    ],
    outstanding: [...outcomes.of("nothing")].slice(0, 20)
  }
}, Effect.scoped)
