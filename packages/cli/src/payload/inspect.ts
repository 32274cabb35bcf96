/** `apns payload`. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { sizes } from "effect-apns/PayloadInspection"
import { sizeLimit } from "effect-apns/PayloadSchema"
import type { KeySize } from "effect-apns/Reason"
import { endWith } from "../Ending.ts"
import { ExitCode } from "../ExitCode.ts"
import { badInput } from "../Failure.ts"
import { group } from "../numbers.ts"
import { type Style, style } from "../Style.ts"
import { wrapped } from "../table.ts"
import { readPayload } from "./file.ts"
import { findingLines } from "./findingLines.ts"
import { bytesOf, type Finding, findings } from "./findings.ts"
import { headerOf, type Kind, kindOf, kindOfPayload } from "./kinds.ts"

interface Report {
  readonly kind: Kind
  readonly bytes: number
  readonly fileBytes: number
  readonly limit: number
  readonly findings: ReadonlyArray<Finding>
  readonly keys: ReadonlyArray<KeySize>
}

/** A terminal's worth. */
const mostKeys = 24

/** As many keys as fit, the largest ones, in their order. */
const shownKeys = (keys: ReadonlyArray<KeySize>): ReadonlyArray<KeySize> => {
  if (keys.length <= mostKeys) return keys
  const least = keys.map(({ bytes }) => bytes).sort((a, b) => b - a)[mostKeys - 1] ?? 0
  return keys.filter(({ bytes }) => bytes >= least).slice(0, mostKeys)
}

const shortKey = (key: string) => (key.length <= 60 ? key : `${key.slice(0, 30)}…${key.slice(-29)}`)

const sizeTable = ({ bytes, keys }: Report, { faint, strong }: Style): ReadonlyArray<string> => {
  const rows = [{ key: "all of it", bytes }, ...shownKeys(keys)]
  const left = keys.length - (rows.length - 1)
  const width = Math.max(5, group(bytes).length)
  const gap = " ".repeat(width)
  return [
    strong(`${"BYTES".padStart(width)}      %  KEY`),
    ...rows.map(({ bytes: size, key }) => {
      const share = `${((size / bytes) * 100).toFixed(0)} %`
      return `${group(size).padStart(width)}  ${faint(share.padStart(5))}  ${shortKey(key)}`
    }),
    ...(left > 0 ? [faint(`${gap}         and ${group(left)} smaller ones`)] : [])
  ]
}

const asText = (report: Report, look: Style): string => {
  const { bytes, fileBytes, findings, kind, limit } = report
  const errors = findings.filter(({ severity }) => severity === "error")
  const mark = errors.length === 0 ? look.good("✓") : look.bad("✗")
  const verdict = errors.length === 0 ? "breaks no rule" : `breaks ${errors.length === 1 ? "a rule" : "rules"}`
  const white = fileBytes > bytes ? `; ${group(fileBytes)} with the file's white space, which is not sent` : ""
  return [
    wrapped(`${mark} As a push of the type ${look.strong(kind)} it ${verdict}.`, 2),
    `  ${look.faint(wrapped(`${group(bytes)} of ${group(limit)} bytes${white}.`, 2))}`,
    "",
    ...findings.flatMap((finding) => [...findingLines(finding, look), ""]),
    ...sizeTable(report, look)
  ].join("\n")
}

const asJson = ({ bytes, fileBytes, findings, keys, kind, limit }: Report, name: string) => ({
  file: name,
  pushType: kind,
  valid: findings.every(({ severity }) => severity !== "error"),
  bytes,
  limit,
  fileBytes,
  findings,
  keys
})

export const inspect = (flags: {
  readonly file: string
  readonly pushType: Option.Option<string>
  readonly json: boolean
}) =>
  Effect.gen(function* () {
    const given = Option.isSome(flags.pushType) ? yield* Effect.fromResult(kindOf(flags.pushType.value)) : undefined
    const { fileBytes, payload } = yield* readPayload(flags.file)
    const kind = given ?? kindOfPayload(payload) ?? (Object.hasOwn(payload, "aps") ? "alert" : undefined)
    if (kind === undefined) {
      return yield* badInput(
        "the payload has no aps, so its push type cannot be told",
        "Give --push-type, such as voip."
      )
    }
    const bytes = bytesOf(payload)
    const limit = sizeLimit(headerOf(kind))
    const report = { kind, bytes, fileBytes, limit, findings: findings(kind, payload), keys: sizes(payload) }
    yield* Console.log(
      flags.json ? JSON.stringify(asJson(report, flags.file), null, 2) : asText(report, yield* style("stdout"))
    )
    const isValid = report.findings.every(({ severity }) => severity !== "error")
    return yield* endWith(isValid ? ExitCode.ok : ExitCode.failed)
  })
