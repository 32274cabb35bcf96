/**
 * Records of CSV (RFC 4180) out of text that comes in pieces, each with the line it starts on. The delimiter is the comma, the
 * semicolon or the tab, whichever the first line has most of.
 *
 * Most lines have no quotes, and those are split by the engine's own `split`: what reads character by character takes
 * longer for a row than sending it.
 */
export interface CsvRecord {
  /** The line it starts on, from 1. */
  readonly line: number
  readonly fields: ReadonlyArray<string>
  /** What is wrong with its quotes. */
  readonly problem?: string | undefined
}

/** Where rows can no longer be told apart, and why. */
export interface Broken {
  readonly line: number
  readonly problem: string
}

/** No row is longer, in characters: a notification has 4 KiB. */
export const longestRow = 1_048_576

const delimiters = [",", ";", "\t"]

const delimiterOf = (line: string): string => {
  const counts = delimiters.map((delimiter) => line.split(delimiter).length)
  return delimiters[counts.indexOf(Math.max(...counts))] ?? ","
}

interface Quoted {
  readonly fields: ReadonlyArray<string>
  readonly problem: string | undefined
  /** The index after its line break. */
  readonly end: number
}

/** A field, in quotes or not, up to what ends it. */
const fieldOf = (delimiter: string) =>
  new RegExp(`"([^"]*(?:""[^"]*)*)"(?!")([^${delimiter}\\n]*)|[^${delimiter}\\n]*`, "y")

/** The record with quotes that starts at an index; nothing where the text ends before it does. */
const quotedRecord = (text: string, from: number, field: RegExp, isLast: boolean): Quoted | undefined => {
  const fields: Array<string> = []
  let problem: string | undefined
  for (let at = from; ; at++) {
    field.lastIndex = at
    const [whole = "", quoted, after = ""] = field.exec(text) ?? []
    // A quote that is not closed, as far as the text goes.
    if (quoted === undefined && text[at] === '"') return undefined
    if (quoted === undefined) {
      if (whole.includes('"')) problem ??= "has a quote inside a field that does not begin with one"
      fields.push(whole)
    } else {
      if (after.trim() !== "") problem ??= "has text after a closing quote"
      fields.push(quoted.replaceAll('""', '"'))
    }
    at += whole.length
    if (at >= text.length && !isLast) return undefined
    if (at >= text.length || text[at] === "\n") {
      const last = fields.length - 1
      if (quoted === undefined) fields[last] = whole.replace(/\r$/, "")
      return { fields, problem, end: Math.min(text.length, at + 1) }
    }
  }
}

const linesIn = (text: string, from: number, to: number): number => {
  let lines = 0
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) lines++
  return lines
}

export class CsvRecords {
  private rest = ""
  private line = 1
  private delimiter: string | undefined
  private field = fieldOf(",")

  /** Set when nothing after the records read so far can be read. */
  broken: Broken | undefined

  /** The records that end in `text`, and with `isLast` the one that ends with it. */
  read(text: string, isLast: boolean): ReadonlyArray<CsvRecord> {
    const records: Array<CsvRecord> = []
    const whole = this.rest === "" ? text : this.rest + text
    let at = 0
    while (at < whole.length) {
      const newline = whole.indexOf("\n", at)
      if (newline < 0 && !isLast) break
      const end = newline < 0 ? whole.length : newline
      const line = whole.slice(at, end > at && whole.charCodeAt(end - 1) === 13 ? end - 1 : end)
      if (this.delimiter === undefined && line !== "") {
        this.delimiter = delimiterOf(line)
        this.field = fieldOf(this.delimiter)
      }
      if (line.includes('"')) {
        const record = quotedRecord(whole, at, this.field, isLast)
        if (record === undefined) {
          if (isLast || whole.length - at > longestRow) {
            this.broken = { line: this.line, problem: "opens a quote that is not closed" }
          }
          break
        }
        records.push({ line: this.line, fields: record.fields, problem: record.problem })
        this.line += linesIn(whole, at, record.end)
        at = record.end
        continue
      }
      if (line !== "") records.push({ line: this.line, fields: line.split(this.delimiter ?? ",") })
      this.line++
      at = end + 1
    }
    this.rest = at >= whole.length ? "" : whole.slice(at)
    if (this.rest.length > longestRow) this.broken ??= { line: this.line, problem: "is longer than 1 MiB" }
    return records
  }
}
