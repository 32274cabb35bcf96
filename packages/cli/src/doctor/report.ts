/** A diagnosis as it is read: settings with where they are from, then a line for each check with the cure under it. */
import type { Address } from "effect-apns/Environment"
import { type Setting, type Sourced, settings } from "../Settings.ts"
import type { Style } from "../Style.ts"
import { wrapped } from "../table.ts"
import { type Check, labels, type Status } from "./check.ts"

/** As wide as the longest label, and two spaces. */
const labelWidth = 13
const columns = 80

/** Wrapped text, in which a word that is longer than a line, as paths are, is cut. */
const fitted = (text: string, indent: number): string => {
  const width = columns - indent
  return wrapped(text.replaceAll(new RegExp(`\\S{${width}}(?=\\S)`, "g"), "$& "), indent)
}

const marks: Readonly<Record<Status, string>> = { passed: "✓", warned: "!", failed: "✗", skipped: "–" }

const colorOf = ({ bad, faint, good, warn }: Style, status: Status) =>
  ({ passed: good, warned: warn, failed: bad, skipped: faint })[status]

export const lineOf = ({ check, cure, detail, status }: Check, style: Style): string => {
  const indent = 2 + labelWidth
  const color = colorOf(style, status)
  const text = fitted(detail, indent)
  const line = `${color(marks[status])} ${labels[check].padEnd(labelWidth)}${status === "skipped" ? style.faint(text) : text}`
  return cure === undefined ? line : `${line}\n${" ".repeat(indent)}${style.strong(fitted(cure, indent))}`
}

const byVariable = new Map<string, Setting>(
  Object.values<Setting>(settings).map((setting) => [setting.variable, setting])
)

const secrets = new Set(["APNS_KEY", "APNS_CERTIFICATE_PASSPHRASE"])

/** An address such as that of APNS_QUEUE may hold a user and a password. */
const withoutUser = (value: string) => value.replace(/^([a-z][a-z+.-]*:\/\/)[^/]*@/i, "$1")

const ids = new Set(["APNS_TEAM_ID", "APNS_KEY_ID"])

/** A secret in the wrong setting must not be shown: a key that was pasted, the password of an address. */
const shown = ({ value, variable }: Sourced): string => {
  if (secrets.has(variable)) return "(set)"
  if (ids.has(variable) && !/^\w{1,20}$/.test(value)) return "(hidden, for it is no ID)"
  const isFile = byVariable.get(variable)?.file === true
  const suspect = isFile ? /-----BEGIN|[\r\n\0]|^MI[\w+/=]{80,}$/ : /-----BEGIN|[\r\n\0]|[\w+/=]{60,}/
  return suspect.test(value) ? "(hidden, for it looks like a key)" : withoutUser(value).replaceAll(/[^ -~]/g, "?")
}

const nameOf = (variable: string) => byVariable.get(variable)?.flag ?? variable

const sourceOf = ({ from, source }: Sourced) => (from === "profile" ? `profile ${source}` : source)

export interface Diagnosed {
  readonly address: Address
  readonly settings: ReadonlyArray<Sourced>
}

/** Settings in the order of their flags, then those that have none. */
const ordered = (given: ReadonlyArray<Sourced>): ReadonlyArray<Sourced> => {
  const order = [...byVariable.keys()]
  const rank = ({ variable }: Sourced) => {
    const index = order.indexOf(variable)
    return index < 0 ? order.length : index
  }
  return [...given].sort((a, b) => rank(a) - rank(b) || a.variable.localeCompare(b.variable))
}

export const headOf = ({ address, settings }: Diagnosed, { faint, strong }: Style): string => {
  const given = ordered(settings)
  const width = Math.max(...given.map(({ variable }) => nameOf(variable).length), 8) + 2
  const lines = given.map((setting) => {
    const label = nameOf(setting.variable).padEnd(width)
    const source = `(${sourceOf(setting)})`
    const value = shown(setting)
    return value.length + 1 + source.length <= columns - width
      ? `${label}${value} ${faint(source)}`
      : `${label}${fitted(value, width)}\n${" ".repeat(width)}${faint(fitted(source, width))}`
  })
  return [strong(`apns doctor: ${address.host}, port ${address.port}`), ...lines, ""].join("\n")
}

/** What it comes to, in one line. */
export const footOf = (checks: ReadonlyArray<Check>, { bad, good, warn }: Style): string => {
  const count = (status: Status) => checks.filter((check) => check.status === status).length
  const warnings = count("warned")
  const failures = count("failed")
  const also = warnings === 0 ? "" : `${warnings} to mend when there is time`
  if (failures > 0) return `\n${bad(`${failures} failed`)}${also === "" ? "" : `, ${also}`}.`
  return also === "" ? `\n${good("All is well.")}` : `\n${good("It works")}; ${warn(also)}.`
}

/** Whether nothing failed. */
export const isWell = (checks: ReadonlyArray<Check>): boolean => checks.every(({ status }) => status !== "failed")

export const asJson = ({ address, settings }: Diagnosed, checks: ReadonlyArray<Check>): string =>
  JSON.stringify(
    {
      ok: isWell(checks),
      host: address.host,
      port: address.port,
      settings: ordered(settings).map((setting) => ({
        name: nameOf(setting.variable),
        value: shown(setting),
        from: setting.from,
        source: setting.source
      })),
      checks
    },
    null,
    2
  )
