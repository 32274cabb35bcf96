/** Stores the rows of an input in the queue, under a key that the input makes. */
import { createHash, randomUUID } from "node:crypto"
import { Outbox } from "@effect-apns/delivery/Outbox"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Notification from "effect-apns/Notification"
import { isFile, nameOf, open, tieOf } from "../bulk/input.ts"
import { get, readTemplate } from "../bulk/options.ts"
import { type Format, formatOf } from "../bulk/output.ts"
import { BadRow, commonOf, type RowNotification, Rows } from "../bulk/rows.ts"
import { endWith } from "../Ending.ts"
import { ExitCode } from "../ExitCode.ts"
import { badInput, type Failure } from "../Failure.ts"
import { expiration, instant } from "../instants.ts"
import { count } from "../numbers.ts"
import { type StoreInput, storeFailed, storeLayer } from "./store.ts"

interface EnqueueInput extends StoreInput {
  readonly input: string
  readonly format: Option.Option<Format>
  readonly template: Option.Option<string>
  readonly pushType: string
  readonly topic: Option.Option<string>
  readonly collapseId: Option.Option<string>
  readonly expiration: Option.Option<string>
  readonly priority: Option.Option<string>
  readonly lane: Option.Option<"high" | "low">
  readonly at: Option.Option<string>
  readonly deadline: Option.Option<string>
  readonly key: Option.Option<string>
  readonly json: boolean
}

/** Rows that are stored under one key: the input's, and the page's number. */
const pageSize = 1_000

/** How many bad rows are told of. */
const most = 20

/** The same for the same file, template and flags; of standard input, which cannot be read twice, never the same. */
const keyOf = (flags: EnqueueInput): Effect.Effect<string, Failure> =>
  Effect.gen(function* () {
    const given = get(flags.key)
    if (given !== undefined) {
      const isFit = given !== "" && given.length <= 150
      return isFit ? given : yield* badInput("--key is empty or longer than 150 characters", "Give a shorter one.")
    }
    if (!(yield* isFile(flags.input))) return randomUUID()
    const { sha256 } = yield* tieOf(flags.input, formatOf(flags.input, get(flags.format)))
    const template = get(flags.template)
    const hash = createHash("sha256").update(sha256)
    if (template !== undefined && (yield* isFile(template))) hash.update((yield* tieOf(template, "ndjson")).sha256)
    const { pushType, topic, collapseId, expiration, priority } = flags
    hash.update(JSON.stringify([pushType, topic, collapseId, expiration, priority].map(String)))
    return hash.digest("hex")
  })

interface Bad {
  readonly line: number
  readonly problem: string
}

/** The rows that can be sent, and what is wrong with the others. */
const sorted = (rows: ReadonlyArray<RowNotification | BadRow>, nowMillis: number) => {
  const good: Array<RowNotification> = []
  const bad: Array<Bad> = []
  for (const row of rows) {
    if (row instanceof BadRow) {
      bad.push(row)
      continue
    }
    const checked = Notification.check(row, { nowMillis })
    if (Result.isSuccess(checked)) good.push(row)
    else bad.push({ line: row.line, problem: checked.failure.reason.detail })
  }
  return { good, bad }
}

const tellBad = (name: string, bad: ReadonlyArray<Bad>) =>
  Effect.gen(function* () {
    if (bad.length === 0) return
    const lines = bad.slice(0, most).map(({ line, problem }) => `      line ${line} ${problem}`)
    if (bad.length > most) lines.push(`      and ${count(bad.length - most, "more row")}`)
    yield* Console.error(
      `apns: ${name} has ${count(bad.length, "bad row")}, which ${bad.length === 1 ? "is" : "are"} not in the queue.\n${lines.join("\n")}`
    )
  })

const timesOf = (flags: EnqueueInput, nowMillis: number) =>
  Effect.gen(function* () {
    const at = get(flags.at)
    const until = get(flags.deadline)
    const deadline = until === undefined ? undefined : yield* Effect.fromResult(expiration("deadline", until))
    if (deadline === "once") return yield* badInput("--deadline is no time", 'Give "2 hours", or a date.')
    return { at: at === undefined ? undefined : yield* Effect.fromResult(instant("at", at, nowMillis)), deadline }
  })

export const enqueue = (flags: EnqueueInput) =>
  Effect.gen(function* () {
    const nowMillis = yield* Clock.currentTimeMillis
    const options = { ...(yield* timesOf(flags, nowMillis)), lane: get(flags.lane) }
    const path = get(flags.template)
    const template = path === undefined ? undefined : yield* readTemplate(path)
    const said = {
      pushType: flags.pushType,
      topic: get(flags.topic),
      priority: get(flags.priority),
      expiration: get(flags.expiration),
      collapseId: get(flags.collapseId)
    }
    const common = yield* Effect.fromResult(commonOf(said)).pipe(
      Effect.mapError(({ column, problem }) => badInput(`--${column} ${problem}`))
    )
    const key = yield* keyOf(flags)
    const name = nameOf(flags.input)
    const bad: Array<Bad> = []
    const outbox = yield* Outbox
    const input = yield* open({
      path: flags.input,
      format: get(flags.format),
      rows: new Rows({ said, template }, common),
      template
    })
    let stored = 0
    let page = 0
    // Pages begin at the same rows each time, so that what is stored is known again.
    let rows: Array<RowNotification | BadRow> = []
    const store = Effect.suspend(() => {
      const { good, bad: wrong } = sorted(rows, nowMillis)
      bad.push(...wrong)
      rows = []
      stored += good.length
      return outbox.enqueueAll(`${key}/${page++}`, good, options)
    })
    let next = yield* input.next(() => true)
    while (next !== undefined) {
      for (const row of next) {
        rows.push(row)
        if (rows.length === pageSize) yield* store
      }
      next = yield* input.next(() => true)
    }
    yield* store
    yield* tellBad(name, bad)
    yield* Console.log(
      flags.json
        ? JSON.stringify({ key, enqueued: stored, bad: bad.length })
        : `${count(stored, "notification")} of ${name} ${stored === 1 ? "is" : "are"} in the queue.`
    )
    yield* endWith(bad.length === 0 ? ExitCode.ok : ExitCode.badInput)
  }).pipe(
    Effect.scoped,
    Effect.catchTag("PersistedQueueError", (error) => Effect.fail(storeFailed(error))),
    Effect.provide(Outbox.layer({ name: flags.name }).pipe(Layer.provide(storeLayer(flags))))
  )
