/**
 * Colours, where the stream is a terminal that has them and the user wants them (`NO_COLOR`, `FORCE_COLOR`, `TERM=dumb`).
 *
 * @since 0.1.0
 */
import { styleText } from "node:util"
import * as Effect from "effect/Effect"
import { Process } from "./Process.ts"

/**
 * How to write words. The colours are the terminal's own sixteen, which are readable on light and on dark.
 *
 * @category models
 * @since 0.1.0
 */
export interface Style {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly warn: (text: string) => string
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
}

type Format = Parameters<typeof styleText>[0]

const make = (colored: boolean): Style => {
  const as = (format: Format) => (text: string) => (colored ? styleText(format, text, { validateStream: false }) : text)
  return { good: as("green"), bad: as("red"), warn: as("yellow"), strong: as("bold"), faint: as("dim") }
}

/** Empty variables count as absent, as everywhere. */
const hasColors = (process: Process, stream: "stdout" | "stderr"): boolean => {
  const { env } = process
  if ((env.NO_COLOR ?? "") !== "" || env.TERM === "dumb") return false
  const force = (env.FORCE_COLOR ?? "").toLowerCase()
  return force === "" ? process[stream].isTTY === true : force !== "0" && force !== "false"
}

/**
 * The style of one of the process's streams.
 *
 * @category getters
 * @since 0.1.0
 */
export const style = (stream: "stdout" | "stderr"): Effect.Effect<Style> =>
  Effect.map(Process, (process) => make(hasColors(process, stream)))
