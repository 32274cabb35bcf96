/** How far it is: a bar that is redrawn where standard error is a terminal, and a line now and then where it is none. */
import { stripVTControlCharacters } from "node:util"
import { clock, group } from "../numbers.ts"
import type { Process } from "../Process.ts"
import type { Style } from "../Style.ts"
import { outcomes, type Tally } from "./tally.ts"

export interface Sample {
  readonly atMillis: number
  /** Rows with a result. */
  readonly rows: number
  /** Bytes of the input. */
  readonly position: number
}

export interface Pace {
  readonly perSecond: number
  /** How much of the input is done, from 0 to 1, where that is known. */
  readonly fraction: number | undefined
  readonly secondsLeft: number | undefined
}

/** What two samples say. */
export const paceOf = (earlier: Sample, now: Sample, size: number | undefined): Pace => {
  const seconds = (now.atMillis - earlier.atMillis) / 1000
  const perSecond = seconds > 0 ? (now.rows - earlier.rows) / seconds : 0
  if (size === undefined || size === 0) return { perSecond, fraction: undefined, secondsLeft: undefined }
  const bytesPerSecond = seconds > 0 ? (now.position - earlier.position) / seconds : 0
  return {
    perSecond,
    fraction: Math.min(1, now.position / size),
    secondsLeft: bytesPerSecond > 0 ? (size - now.position) / bytesPerSecond : undefined
  }
}

const failuresOf = ({ counts }: Tally): ReadonlyArray<string> =>
  outcomes.filter((each) => each !== "accepted" && counts[each] > 0).map((each) => `${group(counts[each])} ${each}`)

const partsOf = (rows: number, { fraction, perSecond, secondsLeft }: Pace): ReadonlyArray<string> => [
  ...(fraction === undefined ? [] : [`${Math.floor(fraction * 100)} %`]),
  `${group(rows)} rows`,
  `${group(perSecond)}/s`,
  ...(secondsLeft === undefined ? [] : [`${clock(secondsLeft)} left`])
]

/** A line of a log. */
export const plainLine = (tally: Tally, pace: Pace): string =>
  [...partsOf(tally.total, pace), ...failuresOf(tally)].join(", ")

const barWidth = 20

/** A line of a terminal, which it does not fill: what is too wide is left out. */
export const barLine = (tally: Tally, pace: Pace, width: number, { bad, faint, good }: Style): string => {
  const filled = Math.round(barWidth * (pace.fraction ?? 0))
  const bar = pace.fraction === undefined ? "" : `${good("━".repeat(filled))}${faint("─".repeat(barWidth - filled))}`
  let line = bar
  for (const part of [...partsOf(tally.total, pace), ...failuresOf(tally).map(bad)]) {
    const longer = line === "" ? part : `${line}  ${part}`
    if (stripVTControlCharacters(longer).length >= width) break
    line = longer
  }
  return line
}

/** Rate and time left are those of the last seconds. */
const rememberedMillis = 10_000

const plainEveryMillis = 5000

export interface ProgressOptions {
  readonly tally: Tally
  readonly position: () => number
  readonly size: number | undefined
  readonly quiet: boolean
  readonly process: Pick<Process, "env" | "stderr">
  /** That of standard error. */
  readonly style: Style
}

export class Progress {
  private readonly options: ProgressOptions
  private readonly stderr: Process["stderr"]
  private readonly isTerminal: boolean
  private readonly samples: Array<Sample> = []
  private toldMillis: number
  private isDrawn = false

  constructor(options: ProgressOptions, nowMillis: number) {
    this.options = options
    const { env, stderr } = options.process
    this.stderr = stderr
    this.isTerminal = stderr.isTTY === true && env.TERM !== "dumb"
    this.toldMillis = nowMillis
    this.samples.push(this.sample(nowMillis))
  }

  private sample(atMillis: number): Sample {
    return { atMillis, rows: this.options.tally.total, position: this.options.position() }
  }

  /** Draws, if it is time. */
  show(nowMillis: number): void {
    const { quiet, size, style, tally } = this.options
    if (quiet) return
    const now = this.sample(nowMillis)
    this.samples.push(now)
    while ((this.samples[0]?.atMillis ?? nowMillis) < nowMillis - rememberedMillis) this.samples.shift()
    const pace = paceOf(this.samples[0] ?? now, now, size)
    if (this.isTerminal) {
      this.stderr.write(`\r\u001b[K${barLine(tally, pace, this.stderr.columns ?? 80, style)}`)
      this.isDrawn = true
    } else if (nowMillis - this.toldMillis >= plainEveryMillis) {
      this.toldMillis = nowMillis
      this.stderr.write(`${plainLine(tally, pace)}\n`)
    }
  }

  /** Says something, above what is drawn. */
  say(line: string): void {
    if (this.options.quiet) return
    this.clear()
    this.stderr.write(`${line}\n`)
  }

  clear(): void {
    if (this.isDrawn) this.stderr.write("\r\u001b[K")
    this.isDrawn = false
  }
}
