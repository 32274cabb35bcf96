/** Runs commands in a pseudo-terminal, and gives what stands on its screen at the end. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import headless from "@xterm/headless"

export interface Run {
  /** Characters of one line with the same looks. */
  readonly text: string
  readonly column: number
  readonly width: number
  /** One of the terminal's sixteen colours; the default without. */
  readonly color: number | undefined
  readonly bold: boolean
  readonly dim: boolean
}

export type Screen = ReadonlyArray<ReadonlyArray<Run>>

export interface Recording {
  /** A script for sh. */
  readonly script: string
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Characters written to it after so many milliseconds, such as "\x03" for Ctrl-C. */
  readonly keys?: ReadonlyArray<readonly [number, string]>
}

const columns = 80
const rows = 400

/** `script` of util-linux is the pseudo-terminal: Node has none of its own. */
const played = async ({ script, env, cwd, keys = [] }: Recording): Promise<string> => {
  const child = spawn("script", ["-qfec", `stty cols ${columns} rows 40; ${script}`, "/dev/null"], {
    cwd,
    env: { ...env, SHELL: "/bin/sh", TERM: "xterm-256color" },
    stdio: ["pipe", "pipe", "inherit"]
  })
  let output = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text
  })
  const timers = keys.map(([millis, key]) => setTimeout(() => child.stdin.write(key), millis))
  await once(child, "close")
  for (const timer of timers) clearTimeout(timer)
  return output
}

/** What is on the screen after it, line by line. */
export const screenOf = async (output: string): Promise<Screen> => {
  const terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true })
  await new Promise<void>((resolve) => terminal.write(output, resolve))
  const buffer = terminal.buffer.active
  const lines: Array<ReadonlyArray<Run>> = []
  for (let y = 0; y < buffer.length; y++) {
    const line = buffer.getLine(y)
    const runs: Array<Run> = []
    for (let x = 0; line !== undefined && x < columns; x++) {
      const cell = line.getCell(x)
      if (cell === undefined || cell.getWidth() === 0) continue
      const text = cell.getChars() === "" ? " " : cell.getChars()
      const looks = {
        color: cell.isFgPalette() ? cell.getFgColor() : undefined,
        bold: cell.isBold() !== 0,
        dim: cell.isDim() !== 0
      }
      const last = runs.at(-1)
      if (last !== undefined && last.color === looks.color && last.bold === looks.bold && last.dim === looks.dim) {
        runs[runs.length - 1] = { ...last, text: last.text + text, width: last.width + cell.getWidth() }
      } else runs.push({ text, column: x, width: cell.getWidth(), ...looks })
    }
    lines.push(runs)
  }
  terminal.dispose()
  while (lines.at(-1)?.every(({ text }) => text.trim() === "") === true) lines.pop()
  return lines
}

/** Plays it and looks at the screen. */
export const record = async (recording: Recording): Promise<Screen> => screenOf(await played(recording))
