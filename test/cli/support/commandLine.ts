/** A command line in this process, by the command's own entry: what it printed, and how it ended. */
import { Console as NodeConsole } from "node:console"
import { EventEmitter } from "node:events"
import { Readable, Writable } from "node:stream"
import { Clock, Console, Duration, Effect, Fiber, Runtime, Semaphore } from "effect"
import { commandLine } from "../../../packages/cli/src/commandLine.ts"
import { Process } from "../../../packages/cli/src/Process.ts"
import { folder } from "./folder.ts"

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Options {
  /** Beside `PATH` and an own, empty home. */
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly stdin?: string | undefined
  /** An empty folder where it is not given. */
  readonly cwd?: string | undefined
  /** That of the machine where it is not given. */
  readonly clock?: Clock.Clock | undefined
  /** It is interrupted, as by Ctrl-C, when this is so of what it has printed. */
  readonly interruptedWhen?: ((stdout: string) => boolean) | undefined
}

class Text extends Writable {
  text = ""
  private readonly onText: (text: string) => void

  constructor(onText: (text: string) => void = () => {}) {
    super()
    this.onText = onText
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    done()
    this.onText(this.text)
  }
}

const machineClock = Effect.runSync(Clock.Clock)

/** A clock by which everything takes so many times as long. */
export const hurried = (times: number): Clock.Clock => {
  const began = machineClock.currentTimeNanosUnsafe()
  const nanos = () => began + (machineClock.currentTimeNanosUnsafe() - began) * BigInt(times)
  const millis = () => Number(nanos() / 1_000_000n)
  const monotonic = () => machineClock.monotonicTimeNanosUnsafe() * BigInt(times)
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: monotonic,
    monotonicTimeNanos: Effect.sync(monotonic),
    sleep: (duration) => machineClock.sleep(Duration.times(duration, 1 / times))
  }
}

// A process has one working directory.
const one = Semaphore.makeUnsafe(1)

const inFolder = <A, E, R>(path: string, effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = process.cwd()
      process.chdir(path)
      return before
    }),
    () => effect,
    (before) => Effect.sync(() => process.chdir(before))
  )

/** Runs `apns` to its end. */
export const run = (args: ReadonlyArray<string>, options: Options = {}): Effect.Effect<Ended> =>
  Effect.scoped(
    Effect.gen(function* () {
      const home = yield* folder
      const { clock, cwd = home, env = {}, interruptedWhen = () => false, stdin = "" } = options
      let fiber: Fiber.Fiber<void, unknown> | undefined
      const stdout = new Text((text) => {
        if (interruptedWhen(text)) fiber?.interruptUnsafe()
      })
      const stderr = new Text()
      const signals = new EventEmitter()
      const program = commandLine.pipe(
        Effect.provideService(Process, {
          argv: ["node", "apns", ...args],
          env: { PATH: process.env.PATH ?? "", HOME: home, ...env },
          stdin: Readable.from([Buffer.from(stdin)]),
          stdout,
          stderr,
          once: (signal, listener) => signals.once(signal, listener),
          off: (signal, listener) => signals.off(signal, listener)
        }),
        Effect.provideService(Console.Console, new NodeConsole({ stdout, stderr })),
        Effect.provideService(Clock.Clock, clock ?? machineClock)
      )
      // As in a process of its own, with nothing of what the test has provided.
      const running = Effect.acquireRelease(
        Effect.sync(() => (fiber = Effect.runFork(program))),
        Fiber.interrupt
      )
      const exit = yield* inFolder(cwd, Effect.flatMap(running, Fiber.await))
      const code = yield* Effect.callback<number>((resume) =>
        Runtime.defaultTeardown(exit, (code) => resume(Effect.succeed(code)))
      )
      return { code, stdout: stdout.text, stderr: stderr.text }
    })
  ).pipe(one.withPermits(1))
