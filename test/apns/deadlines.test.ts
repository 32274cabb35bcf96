import { assert, describe, it } from "@effect/vitest"
import { Deadlines, Due } from "../../packages/apns/src/internal/deadlines.ts"
import { handClock } from "../support/fakeTransport.ts"

class Named extends Due {
  readonly name: string

  constructor(name: string, deadlineMillis: number) {
    super(deadlineMillis)
    this.name = name
  }
}

/** Deadlines over time that moves by hand; what passed is told as `name@time`. */
const dialogue = (start = 0) => {
  const clock = handClock(start)
  const passed: Array<string> = []
  const asked: Array<number> = []
  const deadlines = new Deadlines<Named>(
    clock.now,
    (millis, run) => {
      asked.push(millis)
      clock.after(millis, run)
    },
    ({ name }) => passed.push(`${name}@${clock.now()}`)
  )
  const add = (name: string, deadlineMillis: number): Named => {
    const due = new Named(name, deadlineMillis)
    deadlines.add(due)
    return due
  }
  const { buckets } = deadlines as unknown as { readonly buckets: ReadonlyMap<number, unknown> }
  return { clock, deadlines, add, passed, asked, buckets }
}

describe("deadlines", () => {
  it("pass never early and at most one tick late", () => {
    const { add, clock, passed } = dialogue()
    for (const at of [1, 9, 10, 11, 19, 20, 101]) add(`d${at}`, at)
    for (let millis = 0; millis < 120; millis++) clock.advance(1)
    assert.sameMembers(passed, ["d1@10", "d9@10", "d10@10", "d11@20", "d19@20", "d20@20", "d101@110"])
  })

  it("pass in the order of their ticks, whatever the order they were set in", () => {
    const { add, clock, passed } = dialogue()
    for (const at of [50, 10, 30, 20, 40]) add(String(at), at)
    clock.advance(100)
    assert.deepStrictEqual(passed, ["10@10", "20@20", "30@30", "40@40", "50@50"])
  })

  it("pass once", () => {
    const { add, clock, passed } = dialogue()
    add("a", 10)
    clock.advance(1000)
    assert.deepStrictEqual(passed, ["a@10"])
  })

  it("do not pass when deleted, and leave nothing behind", () => {
    const { add, buckets, clock, deadlines, passed } = dialogue()
    const a = add("a", 10)
    const b = add("b", 10)
    deadlines.delete(a)
    deadlines.delete(a)
    assert.strictEqual(buckets.size, 1)
    deadlines.delete(b)
    assert.strictEqual(buckets.size, 0)
    clock.advance(100)
    assert.deepStrictEqual(passed, [])
  })

  it("that were never set can be deleted", () => {
    const { deadlines, buckets } = dialogue()
    deadlines.delete({ name: "a", deadlineMillis: 10 })
    assert.strictEqual(buckets.size, 0)
  })

  it("cost one timer for many that are due together", () => {
    const { add, asked, clock, passed } = dialogue()
    for (let i = 0; i < 10_000; i++) add(String(i), 30_000 + (i % 10) + 1)
    assert.deepStrictEqual(asked, [30_010])
    clock.advance(30_010)
    assert.lengthOf(passed, 10_000)
    assert.deepStrictEqual(asked, [30_010])
  })

  it("set a timer for the next one when the first has passed", () => {
    const { add, asked, clock } = dialogue()
    add("a", 10)
    add("b", 1000)
    clock.advance(10)
    assert.deepStrictEqual(asked, [10, 990])
  })

  it("that come earlier overtake, and the overtaken timer does no harm", () => {
    const { add, asked, clock, passed } = dialogue()
    add("last", 200)
    add("late", 100)
    add("soon", 10)
    clock.advance(10)
    assert.deepStrictEqual(passed, ["soon@10"])
    clock.advance(90)
    assert.deepStrictEqual(passed, ["soon@10", "late@100"])
    // The first three by the adding; then one for what is next, whatever other timers there are.
    assert.deepStrictEqual(asked, [200, 100, 10, 90, 100])
    clock.advance(100)
    assert.strictEqual(clock.timers(), 0)
  })

  it("set while others pass are kept", () => {
    const clock = handClock(0)
    const passed: Array<string> = []
    const deadlines: Deadlines<Named> = new Deadlines<Named>(clock.now, clock.after, ({ name }) => {
      passed.push(`${name}@${clock.now()}`)
      if (name === "a") deadlines.add(new Named("b", clock.now() + 5))
    })
    deadlines.add(new Named("a", 10))
    clock.advance(100)
    assert.deepStrictEqual(passed, ["a@10", "b@20"])
  })

  it("all pass when the clock has jumped", () => {
    const { add, clock, passed } = dialogue()
    for (const at of [10, 20, 5000]) add(String(at), at)
    clock.jump(3_600_000)
    clock.advance(0)
    assert.deepStrictEqual(passed, ["10@3600000", "20@3600000", "5000@3600000"])
  })

  it("wait again when the timer fires early", () => {
    const times = [0]
    const timers: Array<() => void> = []
    const passed: Array<string> = []
    const deadlines = new Deadlines<Named>(
      () => times[0] ?? 0,
      (_, run) => timers.push(run),
      ({ name }) => passed.push(name)
    )
    deadlines.add(new Named("a", 100))
    times[0] = 99
    timers.shift()?.()
    assert.deepStrictEqual([passed, timers.length], [[], 1])
    times[0] = 100
    timers.shift()?.()
    assert.deepStrictEqual([passed, timers.length], [["a"], 0])
  })

  it("at infinity set no timer", () => {
    const { add, asked, buckets, clock, deadlines, passed } = dialogue()
    const never = add("never", Number.POSITIVE_INFINITY)
    add("a", 10)
    clock.advance(1000)
    assert.deepStrictEqual([asked, passed], [[10], ["a@10"]])
    deadlines.delete(never)
    assert.strictEqual(buckets.size, 0)
  })

  it("that have passed already pass on the next turn", () => {
    const { add, asked, clock, passed } = dialogue(1000)
    add("a", 10)
    assert.deepStrictEqual(asked, [0])
    clock.advance(0)
    assert.deepStrictEqual(passed, ["a@1000"])
  })
})
