/** Child processes: each belongs to a scope, and is ended by its id when the scope closes. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { Data, Effect, type Scope } from "effect"

export class BenchError extends Data.TaggedError("BenchError")<{ readonly message: string }> {}

const has = (program: string): boolean => spawnSync(program, ["-V"], { stdio: "ignore" }).error === undefined

/** The path of a program, looked for where Debian puts servers, too. */
export const find = (program: string): string | undefined =>
  has(program) ? program : [`/usr/sbin/${program}`, `/usr/local/sbin/${program}`].find((path) => existsSync(path))

/** Clients run on the first core and servers on the second, where the machine has them and `taskset` is installed. */
export const canPin = availableParallelism() >= 2 && has("taskset")

const pinned = (cpu: number | undefined, command: ReadonlyArray<string>): ReadonlyArray<string> =>
  cpu !== undefined && canPin ? ["taskset", "-c", String(cpu), ...command] : command

export interface SpawnOptions {
  readonly command: ReadonlyArray<string>
  readonly cpu?: number | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
}

export interface Running {
  readonly child: ChildProcess
  /** What it has printed so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  readonly exited: Promise<number | null>
}

const ended = ({ child }: Running): boolean => child.exitCode !== null || child.signalCode !== null

const stop = (running: Running) =>
  Effect.promise(async () => {
    if (ended(running) || running.child.pid === undefined) return
    running.child.kill("SIGTERM")
    const timer = setTimeout(() => running.child.kill("SIGKILL"), 3_000)
    await running.exited
    clearTimeout(timer)
  })

/** Starts a process that ends with the scope. */
export const start = ({ command, cpu, env }: SpawnOptions): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const [program = "", ...args] = pinned(cpu, command)
      const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] })
      let stdout = ""
      let stderr = ""
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text
      })
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        // The end says why it ended.
        stderr = (stderr + text).slice(-4_000)
      })
      const exited = new Promise<number | null>((resolve) => {
        child.once("close", resolve)
        child.once("error", (error) => {
          stderr += error.message
          resolve(null)
        })
      })
      return { child, stdout: () => stdout, stderr: () => stderr, exited }
    }),
    stop
  )

/** Waits until `ready` gives a value; fails when the process ends before, or after ten seconds. */
export const awaitReady = <A>(
  name: string,
  running: Running,
  ready: () => Promise<A | undefined>
): Effect.Effect<A, BenchError> =>
  Effect.gen(function* () {
    for (let tries = 0; tries < 200; tries++) {
      const value = yield* Effect.promise(ready)
      if (value !== undefined) return value
      if (ended(running)) {
        return yield* new BenchError({ message: `${name} ended: ${running.stderr() || running.stdout()}` })
      }
      yield* Effect.sleep("50 millis")
    }
    return yield* new BenchError({ message: `${name} did not start: ${running.stderr()}` })
  })
