/** Tells what a certificate file is. */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Certificate } from "effect-apns"
import { endWith } from "../Ending.ts"
import { ExitCode } from "../ExitCode.ts"
import { finding } from "../finding.ts"
import { type Style, style } from "../Style.ts"
import { wrapped } from "../table.ts"
import { cureOf } from "./cures.ts"
import { type FileInput, opened } from "./open.ts"

const dayMillis = 86_400_000

/** From when on an expiry is shown as a warning: Apple sends its mail about then, too. */
const soonDays = 30

const daysLeft = (expiresAt: DateTime.Utc, now: number): number =>
  Math.floor((DateTime.toEpochMillis(expiresAt) - now) / dayMillis)

const formats: Record<Certificate.Inspection["format"], string> = {
  p12: ".p12",
  pem: "PEM",
  certificate: "bare certificate (.cer)"
}

const keys: Record<Certificate.Inspection["key"], string> = {
  matching: "with its private key",
  foreign: "with a private key that is not its own",
  absent: "without its private key"
}

const expiryText = (days: number): string =>
  days < 0 ? `${-days - 1 === 0 ? "less than a day" : count(-days - 1)} ago` : `in ${count(days)}`

const count = (days: number) => `${days.toLocaleString("en")} ${days === 1 ? "day" : "days"}`

const chainText = ({ certificate, chain, chainComplete }: Certificate.Inspection): string => {
  const names = chain.map(({ commonName }) => commonName)
  if (names.length === 0) return `none in the file; issued by ${certificate.issuer}`
  return names.join(" → ") + (chainComplete ? "" : ` → (not in the file) ${chain.at(-1)?.issuer}`)
}

/** Broken in the middle, for a terminal of 80. */
const fingerprintText = (fingerprint: string) => `${fingerprint.slice(0, 48)} ${fingerprint.slice(48)}`

const fileText = ({ encryption, format }: Certificate.Inspection): string =>
  formats[format] +
  (encryption.length === 0 ? "" : `, encrypted with ${encryption.map(({ scheme }) => scheme).join(" and ")}`)

const label = 13

const rowsOf = (inspection: Certificate.Inspection, now: number, { bad, warn }: Style) => {
  const { certificate, key, others } = inspection
  const days = daysLeft(certificate.expiresAt, now)
  const expiry = `${DateTime.formatIso(certificate.expiresAt)} (${expiryText(days)})`
  const topics = certificate.topics.map(({ kinds, topic }) =>
    kinds.length === 0 ? topic : `${topic} (${kinds.join(", ")})`
  )
  return [
    ["kind", certificate.kind],
    ["topics", topics.length === 0 ? "none" : topics.join(`\n${" ".repeat(label)}`)],
    ["environments", certificate.environments.length === 0 ? "not said" : certificate.environments.join(", ")],
    ["team", certificate.teamId ?? "not said"],
    ["valid from", DateTime.formatIso(certificate.notBefore)],
    ["expires", days < 0 ? bad(expiry) : days < soonDays ? warn(expiry) : expiry],
    ["key", `${certificate.publicKey}, ${keys[key]}`],
    ["subject", wrapped(certificate.subject, label)],
    ["issuer", wrapped(certificate.issuer, label)],
    ["chain", wrapped(chainText(inspection), label)],
    ["serial", certificate.serialNumber],
    ["SHA-256", wrapped(fingerprintText(certificate.fingerprint), label)],
    ["file", fileText(inspection)],
    ...(others.length === 0
      ? []
      : [["also there", wrapped(others.map(({ commonName }) => commonName).join(", "), label)]])
  ] as const
}

const described = (inspection: Certificate.Inspection, now: number, look: Style): string => {
  const { certificate, problems, remarks } = inspection
  const verdict = [
    ...(problems.length === 0 ? [finding("good", "Good to send with", undefined, look)] : []),
    ...problems.map((each) => finding("bad", each.problem, cureOf(each), look)),
    ...remarks.map((each) => finding("warn", each.problem, cureOf(each), look))
  ]
  return [
    look.strong(certificate.commonName),
    ...rowsOf(inspection, now, look).map(([name = "", text]) => `${look.faint(name.padEnd(label))}${text}`),
    "",
    ...verdict
  ].join("\n")
}

const ofDescription = ({ expiresAt, notBefore, ...rest }: Certificate.Description) => ({
  ...rest,
  notBefore: DateTime.formatIso(notBefore),
  expiresAt: DateTime.formatIso(expiresAt)
})

const asJson = (file: string, inspection: Certificate.Inspection, now: number) => {
  const { certificate, chain, chainComplete, encryption, format, key, others, problems, remarks } = inspection
  return {
    file,
    format,
    encryption,
    certificate: {
      ...ofDescription(certificate),
      topic: certificate.topic ?? null,
      teamId: certificate.teamId ?? null,
      daysLeft: daysLeft(certificate.expiresAt, now)
    },
    chain: chain.map(ofDescription),
    chainComplete,
    others: others.map(ofDescription),
    key,
    usable: problems.length === 0,
    problems: problems.map((each) => ({ ...each, cure: cureOf(each) })),
    remarks: remarks.map((each) => ({ ...each, cure: cureOf(each) }))
  }
}

export const inspect = ({ json, ...input }: FileInput & { readonly json: boolean }) =>
  Effect.gen(function* () {
    const inspection = yield* opened(input)
    const now = yield* Clock.currentTimeMillis
    const look = yield* style("stdout")
    yield* Console.log(
      json ? JSON.stringify(asJson(input.file, inspection, now), null, 2) : described(inspection, now, look)
    )
    yield* endWith(inspection.problems.length === 0 ? ExitCode.ok : ExitCode.failed)
  })
