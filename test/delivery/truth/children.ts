/** The processes of a run: each belongs to a scope, and is ended by its id when the scope closes. */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Data, Effect, type Scope } from "effect"

export class TruthError extends Data.TaggedError("TruthError")<{ readonly message: string }> {}

interface Tagged {
  readonly _tag: string
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class Child<From extends Tagged, To extends Tagged = never> {
  readonly name: string
  private readonly process: ChildProcess
  private said = ""
  private readonly listeners = new Set<(message: From) => void>()
  /** The last message of each kind that nobody has waited for. */
  private readonly unheard = new Map<string, From>()

  constructor(name: string, module: string, argument: string) {
    this.name = name
    const path = fileURLToPath(new URL(module, import.meta.url))
    this.process = fork(path, [argument], {
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      execArgv: ["--disable-warning=ExperimentalWarning"]
    })
    // The end says why it ended.
    const keep = (text: Buffer) => {
      this.said = (this.said + text.toString()).slice(-8_000)
    }
    this.process.stdout?.on("data", keep)
    this.process.stderr?.on("data", keep)
    // What this very program sends itself.
    this.process.on("message", (message: From) => {
      this.unheard.set(message._tag, message)
      for (const listener of this.listeners) listener(message)
    })
    // A message to a process that was just killed.
    this.process.on("error", (error) => keep(Buffer.from(error.message)))
  }

  /** The last of what it printed. */
  get printed(): string {
    return this.said
  }

  get ending(): Ending | undefined {
    const { exitCode: code, signalCode: signal } = this.process
    return code === null && signal === null ? undefined : { code, signal }
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal)
  }

  tell(message: To): void {
    if (this.process.connected) this.process.send(message)
  }

  /** Calls back for every message. */
  listen(onMessage: (message: From) => void): void {
    this.listeners.add(onMessage)
  }

  /** Waits for a message, which may have come before; fails when the process ends without it. */
  next<Tag extends From["_tag"]>(tag: Tag): Effect.Effect<Extract<From, { readonly _tag: Tag }>, TruthError> {
    return Effect.callback((resume) => {
      const look = () => {
        const found = this.unheard.get(tag)
        if (found === undefined && this.ending === undefined) return
        forget()
        this.unheard.delete(tag)
        if (found === undefined) resume(new TruthError({ message: `${this.name} ended. It printed: ${this.printed}` }))
        // The map has each message under its tag.
        else resume(Effect.succeed(found as Extract<From, { readonly _tag: Tag }>))
      }
      const forget = () => {
        this.listeners.delete(look)
        this.process.off("exit", look)
      }
      this.listeners.add(look)
      this.process.once("exit", look)
      look()
      return Effect.sync(forget)
    })
  }

  /** Tells it something and waits for the answer. */
  ask<Tag extends From["_tag"]>(
    message: To,
    tag: Tag
  ): Effect.Effect<Extract<From, { readonly _tag: Tag }>, TruthError> {
    return Effect.suspend(() => {
      this.unheard.delete(tag)
      this.tell(message)
      return this.next(tag)
    })
  }

  readonly exited: Effect.Effect<Ending> = Effect.callback((resume) => {
    const { ending } = this
    if (ending !== undefined) return resume(Effect.succeed(ending))
    const onExit = (code: number | null, signal: NodeJS.Signals | null) => resume(Effect.succeed({ code, signal }))
    this.process.once("exit", onExit)
    return Effect.sync(() => this.process.off("exit", onExit))
  })
}

/** Starts a module of this folder as a process. */
export const start = <From extends Tagged, To extends Tagged = never>(
  name: string,
  module: string,
  argument: unknown
): Effect.Effect<Child<From, To>, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(
      () => new Child<From, To>(name, module, typeof argument === "string" ? argument : JSON.stringify(argument))
    ),
    (child) =>
      Effect.andThen(
        Effect.sync(() => child.signal("SIGKILL")),
        child.exited
      )
  )
