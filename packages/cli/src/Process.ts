/**
 * What a command has of the process it runs in: its words, its variables, its streams and its signals.
 *
 * @since 0.1.0
 */
import type { Readable, Writable } from "node:stream"
import * as Context from "effect/Context"

/**
 * The parts of Node's `process` that commands use, and no others.
 *
 * @category models
 * @since 0.1.0
 */
export interface Process {
  /** Node, the script, and the words of the command line. */
  readonly argv: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly once: (signal: NodeJS.Signals, listener: () => void) => unknown
  readonly off: (signal: NodeJS.Signals, listener: () => void) => unknown
}

/**
 * The process: this one, unless another is provided.
 *
 * **When to use**
 *
 * Use wherever a command reads a variable, reads its input or looks whether somebody sits at a terminal; then many command lines
 * can run in one process, each with streams and variables of its own.
 *
 * @category services
 * @since 0.1.0
 */
export const Process: Context.Reference<Process> = Context.Reference<Process>("@effect-apns/cli/Process", {
  defaultValue: () => process
})
