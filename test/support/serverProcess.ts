/** A server of another make that a test starts, kills and starts again: it ends with the scope, and with this process. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process"
import { Effect, Schedule } from "effect"

export interface ServerProgram {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly options?: Pick<SpawnOptions, "uid" | "gid" | "cwd">
  /** What it prints once it takes connections. */
  readonly ready: string
  /** The signal that ends it at once, with what it started itself. */
  readonly ending: NodeJS.Signals
}

export interface ServerProcess {
  /** Starts it again after `kill`, on what it has stored. */
  readonly start: Effect.Effect<void>
  /** Ends it with SIGKILL. */
  readonly kill: Effect.Effect<void>
}

/** How long a server may take to start or to end. */
const patience = "60 seconds"

const ended = (child: ChildProcess) =>
  Effect.callback<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("close", () => resume(Effect.void))
  })

const end = (child: ChildProcess | undefined, signal: NodeJS.Signals) =>
  child === undefined
    ? Effect.void
    : Effect.sync(() => child.kill(signal)).pipe(
        Effect.andThen(ended(child)),
        Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.sync(() => child.kill("SIGKILL")) }),
        Effect.asVoid
      )

/** Starts a program, and waits until it is ready. */
const launch = ({ args, command, options, ready }: ServerProgram, onStart: (child: ChildProcess) => void) =>
  Effect.callback<void, Error>((resume) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] })
    onStart(child)
    let printed = ""
    const look = (text: Buffer) => {
      printed += text.toString()
      if (printed.includes(ready)) resume(Effect.void)
    }
    child.stdout.on("data", look)
    child.stderr.on("data", look)
    child.once("error", (cause) => resume(Effect.fail(cause)))
    child.once("close", (code) => resume(Effect.fail(new Error(`${command} ended with ${code}: ${printed}`))))
  }).pipe(Effect.timeout(patience))

export const serverProcess = Effect.fnUntraced(function* (program: ServerProgram) {
  let child: ChildProcess | undefined
  const endWithThisProcess = () => child?.kill(program.ending)
  process.once("exit", endWithThisProcess)
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      process.off("exit", endWithThisProcess)
      return end(child, program.ending)
    })
  )
  const start = launch(program, (started) => {
    child = started
  }).pipe(
    // What a killed server had started itself may still hold its memory and its port.
    Effect.retry(Schedule.max([Schedule.spaced("250 millis"), Schedule.recurs(40)])),
    Effect.orDie
  )
  yield* start
  const server: ServerProcess = { start, kill: Effect.suspend(() => end(child, "SIGKILL")) }
  return server
})
