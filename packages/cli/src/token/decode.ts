/** Tells what is in a token. */
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { Jwt } from "effect-apns"
import { maximumAge, minimumAge } from "effect-apns/JwtCache"
import { span } from "../duration.ts"
import { type Style, style } from "../Style.ts"
import { wrapped } from "../table.ts"
import { givenToken } from "./given.ts"

/** Longer texts are in no provider token, and may be somebody's secret. */
const longest = 40

const shortened = (value: unknown): unknown =>
  typeof value === "string" && value.length > longest
    ? `${value.slice(0, 6)}… (${value.length} characters)`
    : typeof value === "object" && value !== null
      ? "{…}"
      : value

const shown = (members: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [name, shortened(value)]))

const oldest = Duration.toSeconds(maximumAge)
const youngest = Duration.toSeconds(minimumAge)

const windowText = ({ ageSeconds = 0, standing }: Jwt.Decoded): string => {
  switch (standing) {
    case "fresh":
      return `fresh: good for another ${span(oldest - Math.max(0, ageSeconds))}; a new one may be refused for ${span(youngest - ageSeconds)}`
    case "renewable":
      return `renewable: good for another ${span(oldest - ageSeconds)}; a new one may be signed`
    case "expired":
      return `expired ${span(ageSeconds - oldest)} ago: APNs answers ExpiredProviderToken`
    case "future":
      return "in the future: the clock of this machine is slow, or that of the signer fast"
    case "unknown":
      return "unknown: iat has to be the time of issue, a number of whole seconds"
  }
}

const forms: Record<Jwt.Decoded["signatureForm"], string> = {
  jws: "64 bytes; apns token verify checks it against the key",
  der: "in ASN.1 form; apns token verify checks it against the key",
  other: "none that ES256 makes"
}

const issuedText = ({ ageSeconds = 0, issuedAt }: Jwt.Decoded): string =>
  issuedAt === undefined
    ? "not said"
    : `${DateTime.formatIso(issuedAt)}, ${ageSeconds < 0 ? `${span(-ageSeconds)} from now` : `${span(ageSeconds)} ago`}`

const described = (decoded: Jwt.Decoded, { bad, faint, good }: Style): string => {
  const usable = decoded.standing === "fresh" || decoded.standing === "renewable"
  const window = wrapped(windowText(decoded), 11)
  const rows = [
    ["header", JSON.stringify(shown(decoded.header))],
    ["claims", JSON.stringify(shown(decoded.claims))],
    ["issued", issuedText(decoded)],
    ["window", usable ? good(window) : bad(window)],
    ["signature", forms[decoded.signatureForm]]
  ] as const
  return rows.map(([label, text]) => `${faint(label.padEnd(11))}${text}`).join("\n")
}

export const decode = ({ json, token }: { readonly token: Option.Option<string>; readonly json: boolean }) =>
  Effect.gen(function* () {
    const decoded = yield* Jwt.decode(yield* givenToken(token))
    const { ageSeconds, claims, header, issuedAt, signatureForm, standing } = decoded
    yield* Console.log(
      json
        ? JSON.stringify(
            {
              header: shown(header),
              claims: shown(claims),
              issuedAt: issuedAt === undefined ? null : DateTime.formatIso(issuedAt),
              ageSeconds: ageSeconds ?? null,
              standing,
              signatureForm
            },
            null,
            2
          )
        : described(decoded, yield* style("stdout"))
    )
  })
