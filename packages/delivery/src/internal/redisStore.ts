/** Dead letters and statistics, from the keys that `PersistedQueue.makeStoreRedis` writes, and a check of the server. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { PersistedQueueError } from "effect/persistence/PersistedQueue"
import * as Redis from "effect/persistence/Redis"
import * as Schedule from "effect/Schedule"
import type { DeadLetters, Selected } from "../DeadLetters.ts"
import type { Stats } from "../Stats.ts"
import { deadLetter, pageLimit, parsed } from "./letter.ts"

/** The records read at a time, of those that failed. */
const batchSize = 100

const failed =
  (message: string) =>
  ({ cause }: Redis.RedisError) =>
    new PersistedQueueError({ message, cause })

const keysOf = (prefix: string, queue: string) => ({
  queue: `${prefix}${queue}`,
  pending: `${prefix}${queue}:pending`,
  delayed: `${prefix}${queue}:delayed`,
  failed: `${prefix}${queue}:failed`,
  ids: `${prefix}${queue}:ids`
})

type Pair = readonly [record: string, other: string]

/** Puts the elements of records back into the queue. Their ids stay parked, so that none is enqueued a second time. */
const redriveScript = Redis.script(
  (failedKey: string, queueKey: string, pairs: ReadonlyArray<Pair>) => [failedKey, queueKey, ...pairs.flat()],
  {
    numberOfKeys: 2,
    lua: `
local moved = 0
for i = 1, #ARGV, 2 do
  if redis.call("LREM", KEYS[1], 1, ARGV[i]) == 1 then
    redis.call("RPUSH", KEYS[2], ARGV[i + 1])
    moved = moved + 1
  end
end
return moved
`
  }
).withReturnType<number>()

/** Removes records and their ids. */
const discardScript = Redis.script(
  (failedKey: string, idsKey: string, pairs: ReadonlyArray<Pair>) => [failedKey, idsKey, ...pairs.flat()],
  {
    numberOfKeys: 2,
    lua: `
local removed = 0
for i = 1, #ARGV, 2 do
  if redis.call("LREM", KEYS[1], 1, ARGV[i]) == 1 then
    redis.call("ZREM", KEYS[2], ARGV[i + 1])
    removed = removed + 1
  end
end
return removed
`
  }
).withReturnType<number>()

/** All counts at one moment; the first element of the queue, and the time of the one that was due first. */
const statsScript = Redis.script(
  (queueKey: string, pendingKey: string, delayedKey: string, failedKey: string, now: number) => [
    queueKey,
    pendingKey,
    delayedKey,
    failedKey,
    now
  ],
  {
    numberOfKeys: 4,
    lua: `
local due = redis.call("ZCOUNT", KEYS[3], "-inf", ARGV[1])
return {
  redis.call("LLEN", KEYS[1]),
  due,
  redis.call("ZCARD", KEYS[3]) - due,
  redis.call("HLEN", KEYS[2]),
  redis.call("LLEN", KEYS[4]),
  redis.call("LINDEX", KEYS[1], 0) or "",
  redis.call("ZRANGE", KEYS[3], 0, 0, "WITHSCORES")[2] or ""
}
`
  }
).withReturnType<
  readonly [
    listed: number,
    due: number,
    delayed: number,
    taken: number,
    failed: number,
    first: string,
    firstDue: string
  ]
>()

interface FailedRecord {
  readonly id: string
  readonly element: unknown
  readonly attempts: number
  readonly lastFailure: string
  readonly failedAt: number
}

const isFailedRecord = (value: unknown): value is FailedRecord =>
  Predicate.hasProperty(value, "id") &&
  Predicate.isString(value.id) &&
  Predicate.hasProperty(value, "element") &&
  Predicate.hasProperty(value, "attempts") &&
  Predicate.isNumber(value.attempts) &&
  Predicate.hasProperty(value, "lastFailure") &&
  Predicate.isString(value.lastFailure) &&
  Predicate.hasProperty(value, "failedAt") &&
  Predicate.isNumber(value.failedAt)

/** The dead letters of the queues under a prefix. */
export const redisDeadLetters = (redis: Redis.Redis["Service"], prefix: string): DeadLetters["Service"] => {
  const redrive = redis.eval(redriveScript)
  const discard = redis.eval(discardScript)

  const page = (key: string, skip: number, limit: number) =>
    limit <= 0
      ? Effect.succeed([])
      : redis.send<ReadonlyArray<string>>("LRANGE", key, String(skip), String(skip + limit - 1))

  /** Changes the selected records of a list, page by page, and returns how many there were. */
  const change = Effect.fnUntraced(function* (
    key: string,
    selected: Selected,
    pairOf: (text: string, record: FailedRecord) => Pair,
    apply: (pairs: ReadonlyArray<Pair>) => Effect.Effect<number, Redis.RedisError>
  ) {
    const wanted = selected === "all" ? undefined : new Set(selected)
    let skip = 0
    let changed = 0
    while (wanted === undefined || changed < wanted.size) {
      const texts = yield* page(key, skip, batchSize)
      if (texts.length === 0) break
      const pairs = texts.flatMap((text) => {
        const record = parsed(text)
        return isFailedRecord(record) && wanted?.has(record.id) !== false ? [pairOf(text, record)] : []
      })
      const count = pairs.length === 0 ? 0 : yield* apply(pairs)
      changed += count
      // What was changed is no longer in the list.
      skip += texts.length - count
    }
    return changed
  })

  return {
    count: (queue) =>
      redis
        .send<number>("LLEN", keysOf(prefix, queue).failed)
        .pipe(Effect.mapError(failed("Failed to count the dead letters"))),
    list: (queue, options) =>
      page(keysOf(prefix, queue).failed, options?.skip ?? 0, options?.limit ?? pageLimit).pipe(
        Effect.map((texts) =>
          texts.flatMap((text) => {
            const record = parsed(text)
            if (!isFailedRecord(record)) return []
            return [deadLetter({ ...record, queue, failedAtMillis: record.failedAt, failure: record.lastFailure })]
          })
        ),
        Effect.mapError(failed("Failed to list the dead letters"))
      ),
    redrive: (queue, selected) => {
      const keys = keysOf(prefix, queue)
      return change(
        keys.failed,
        selected,
        (text, { id, element }) => [text, JSON.stringify({ id, element })],
        (pairs) => redrive(keys.failed, keys.queue, pairs)
      ).pipe(Effect.mapError(failed("Failed to re-drive dead letters")))
    },
    discard: (queue, selected) => {
      const keys = keysOf(prefix, queue)
      return change(
        keys.failed,
        selected,
        (text, { id }) => [text, id],
        (pairs) => discard(keys.failed, keys.ids, pairs)
      ).pipe(Effect.mapError(failed("Failed to discard dead letters")))
    }
  }
}

/** When the first element of a queue was enqueued, if it says so. */
const enqueuedAt = (payload: string): number | undefined => {
  const record = parsed(payload)
  if (!Predicate.hasProperty(record, "element") || !Predicate.hasProperty(record.element, "at")) return undefined
  return Predicate.isNumber(record.element.at) ? record.element.at : undefined
}

/** The statistics of the queues under a prefix. */
export const redisStats = (redis: Redis.Redis["Service"], prefix: string): Stats["Service"] => {
  const counts = redis.eval(statsScript)
  return {
    read: (queue) =>
      Effect.gen(function* () {
        const keys = keysOf(prefix, queue)
        const now = yield* Clock.currentTimeMillis
        const [listed, due, delayed, taken, failedCount, first, firstDue] = yield* counts(
          keys.queue,
          keys.pending,
          keys.delayed,
          keys.failed,
          now
        )
        const times = [listed > 0 ? enqueuedAt(first) : undefined, due > 0 ? Number(firstDue) : undefined].filter(
          Predicate.isNotUndefined
        )
        const waits = listed + due > 0
        return {
          ready: listed + due,
          delayed,
          taken,
          failed: failedCount,
          lag:
            waits && times.length === 0 ? undefined : Duration.millis(waits ? Math.max(0, now - Math.min(...times)) : 0)
        }
      }).pipe(Effect.mapError(failed("Failed to read the queue's statistics")))
  }
}

/** The script that gives back the elements of workers that have died: no other has these words. */
const isSweep = ({ lua }: { readonly lua: string }) => lua.includes("Lock expired after final attempt")

/**
 * The same Redis, with a sweep that outlives a failure of the server. The queue runs it at intervals, and with its first
 * failure would stop for as long as the process lives: elements of a worker that died would then wait for another process.
 */
export const withLastingSweep = (redis: Redis.Redis["Service"]): Redis.Redis["Service"] => ({
  ...redis,
  eval: (script) => {
    const run = redis.eval(script)
    return isSweep(script) ? (...params) => Effect.retry(run(...params), Schedule.spaced("1 second")) : run
  }
})

/** What of a server's settings can lose a queue, as its `INFO` tells it. */
export const dangers = (info: string): ReadonlyArray<string> => {
  const value = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1]
  const policy = value("maxmemory_policy")
  return [
    ...(policy === undefined || policy === "noeviction"
      ? []
      : [`maxmemory-policy is ${policy}, which drops queued notifications when memory is short: set noeviction`]),
    ...(value("aof_enabled") === "0"
      ? ["appendonly is off, so a restart loses what was enqueued since the last snapshot: set appendonly yes"]
      : [])
  ]
}

/** Says once what of the server's settings can lose a queue. */
export const warnOfSettings = (redis: Redis.Redis["Service"]) =>
  redis.send<string>("INFO").pipe(
    Effect.matchEffect({
      onFailure: () =>
        Effect.logWarning(
          "Store.redis cannot see the settings of this Redis (INFO is refused): they should be maxmemory-policy noeviction and appendonly yes"
        ),
      onSuccess: (info) => {
        const found = dangers(info)
        return found.length === 0
          ? Effect.void
          : Effect.logWarning(`Store.redis: this Redis may lose notifications: ${found.join("; ")}`)
      }
    })
  )
