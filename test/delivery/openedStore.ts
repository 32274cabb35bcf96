/** A store as a test has it open, and what tests do with its queues. */
import { assert } from "@effect/vitest"
import { type DeadLetter, Stats, type Store } from "@effect-apns/delivery"
import { Context, Effect, Layer, Redacted, Schedule, Schema } from "effect"
import { PersistedQueue } from "effect/persistence"
import type { Backend } from "../support/stores.ts"

/** Where the suite's stores are. */
export class Stores extends Context.Service<Stores, Backend>()("test/Stores") {}

const Element = Schema.Struct({ text: Schema.String })

let spaces = 0

/** A space that no other test uses. */
export const newSpace = Effect.sync(() => `space${spaces++}`)

/** Opens a store as a process of its own would. */
export const openStore = (space: string, options: Store.StoreOptions = {}) =>
  Stores.use(({ open }) => Layer.build(open(space, { poll: "20 millis", ...options })))

/** A store that only this test uses. */
export const freshStore = Effect.flatMap(newSpace, (space) => openStore(space))

type Opened = Context.Context<Store.Services>

export const queueIn = (
  store: Opened,
  name: string,
  options: { readonly maxAttempts?: number; readonly retrySchedule?: Schedule.Schedule<unknown, number> } = {}
) =>
  PersistedQueue.make({ name, schema: Element, retrySchedule: Schedule.spaced("10 millis"), ...options }).pipe(
    Effect.provide(store)
  )

type Queue = Effect.Success<ReturnType<typeof queueIn>>

interface Taken {
  readonly text: string
  readonly id: string
  readonly attempts: number
}

/** Takes one element, and acknowledges it. */
export const takeOne = (queue: Queue) =>
  queue.take(({ text }, { attempts, id }) => Effect.succeed<Taken>({ text, id, attempts }))

/** That nothing comes, for longer than any store takes to look. */
export const nothingComes = (queue: Queue) =>
  Effect.gen(function* () {
    const taken = yield* Effect.timeoutOption(takeOne(queue), "400 millis")
    assert.strictEqual(taken._tag, "None")
  })

/** Fails each attempt until the element has failed for good. */
export const failFor = (queue: Queue, attempts: number, error: unknown) =>
  Effect.forEach(Array.from({ length: attempts }), () => Effect.exit(queue.take(() => Effect.fail(error))), {
    discard: true
  })

export const shown = (letters: ReadonlyArray<DeadLetter>) =>
  letters.map(({ attempts, element, id }) => ({ id, attempts, element: Redacted.value(element) }))

export const statsOf = (store: Opened, name: string) => Context.get(store, Stats).read(name)

/** The counts without the lag. */
export const countsOf = (store: Opened, name: string) =>
  Effect.map(statsOf(store, name), ({ delayed, failed, ready, taken }) => ({ ready, delayed, taken, failed }))

export const none = { ready: 0, delayed: 0, taken: 0, failed: 0 }
