/**
 * Sending one thing and telling what became of it: accepted, refused, or only shown.
 *
 * @since 0.1.0
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ApnsError, Receipt } from "effect-apns"
import { Apns } from "effect-apns/Apns"
import { dryRun, printDryRun } from "./dryRun.ts"
import { errorFields } from "./errorFields.ts"
import { resolved, type SettingFlags, settingsLayer } from "./Settings.ts"
import { type Style, style } from "./Style.ts"
import { wrapped } from "./table.ts"

/**
 * How to tell it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Telling {
  /** Only shows the request. */
  readonly dryRun: boolean
  readonly json: boolean
}

/** What APNs said of what it accepted. */
interface Accepted extends Omit<Receipt, "apnsId"> {
  readonly id: string
  readonly channel?: string
}

const acceptedText = ({ connection, id, timings, uniqueId }: Accepted, { faint, good }: Style): string => {
  const rows = [
    ["id", id],
    ...(uniqueId === undefined ? [] : [["unique id", uniqueId]]),
    ["took", `${Math.round(timings.totalMillis)} ms, on ${connection}`]
  ] as const
  return [`${good("✓")} Accepted.`, ...rows.map(([name = "", value]) => `  ${faint(name.padEnd(10))}${value}`)].join(
    "\n"
  )
}

/**
 * Sends, and prints on standard output that it was accepted; or prints the request instead, where a dry run is asked for.
 *
 * **Details**
 *
 * With `json`, what was not accepted is printed, too; the failure goes on to be told and to end the process with its code.
 * `warnings` are sentences about what is allowed and probably not meant, `limit` how many bytes the body may have.
 *
 * @category sending
 * @since 0.1.0
 */
export const tellAccepted = (
  sending: Effect.Effect<Accepted, ApnsError, Apns>,
  flags: SettingFlags & Telling,
  { limit, warnings }: { readonly limit: number; readonly warnings: ReadonlyArray<string> }
) =>
  Effect.gen(function* () {
    const { json } = flags
    if (flags.dryRun) {
      const run = yield* dryRun(sending, { limit, variables: yield* resolved(flags) })
      return yield* printDryRun(run, { json, warnings })
    }
    const { warn } = yield* style("stderr")
    for (const warning of warnings) yield* Console.error(`${warn("!")} ${wrapped(warning, 2)}`)
    const accepted = yield* sending.pipe(
      Effect.provide(Apns.layerConfig().pipe(Layer.provide(settingsLayer(flags)))),
      Effect.tapErrorTag("ApnsError", (error) =>
        json ? Console.log(JSON.stringify(errorFields(error), null, 2)) : Effect.void
      )
    )
    const look = yield* style("stdout")
    yield* Console.log(
      json ? JSON.stringify({ outcome: "accepted", ...accepted }, null, 2) : acceptedText(accepted, look)
    )
  })
