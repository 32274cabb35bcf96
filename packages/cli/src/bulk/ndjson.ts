/** Lines out of text that comes in pieces, each with its number. */
import { type Broken, longestRow } from "./csv.ts"

export interface Line {
  /** From 1. */
  readonly line: number
  readonly text: string
}

export class Lines {
  private rest = ""
  private line = 1

  /** Set when nothing after the lines read so far can be read. */
  broken: Broken | undefined

  /** The lines that end in `text`, and with `isLast` the one that ends with it; empty ones are left out. */
  read(text: string, isLast: boolean): ReadonlyArray<Line> {
    const lines: Array<Line> = []
    const parts = (this.rest + text).split("\n")
    this.rest = isLast ? "" : (parts.pop() ?? "")
    for (const part of parts) {
      if (part.trim() !== "") lines.push({ line: this.line, text: part })
      this.line++
    }
    if (this.rest.length > longestRow) this.broken = { line: this.line, problem: "is longer than 1 MiB" }
    return lines
  }
}
