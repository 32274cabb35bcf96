/**
 * A received request in a form to keep or to send again: a `curl` command, an `.apns` file for Xcode's Simulator, or
 * TypeScript with effect-apns. Pure, for the server and the page alike.
 *
 * @since 0.1.0
 */
import { isObject, jsonObject } from "./internal/payload.ts"
import type { Received } from "./Received.ts"

/**
 * The forms.
 *
 * @category models
 * @since 0.1.0
 */
export type ExportForm = "curl" | "apns" | "typescript"

/**
 * Where a command should send to.
 *
 * **Details**
 *
 * - `caFile`: a file with the CA to trust; default `ca.pem`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExportTarget {
  readonly host: string
  readonly port: number
  readonly managementPort: number
  readonly caFile?: string | undefined
}

/**
 * A form, or why a request has none.
 *
 * @category models
 * @since 0.1.0
 */
export type Exported =
  | { readonly _tag: "text"; readonly text: string }
  | { readonly _tag: "impossible"; readonly why: string }

type Source = Pick<Received, "kind" | "method" | "path" | "headers" | "body" | "bodyBytes" | "device" | "bundleId"> &
  Partial<Pick<Received, "topic" | "pushType" | "collapseId" | "apnsId">>

const made = (text: string): Exported => ({ _tag: "text", text })
const impossible = (why: string): Exported => ({ _tag: "impossible", why })

const isWhole = ({ body, bodyBytes }: Source) => new TextEncoder().encode(body).length === bodyBytes

const header = ({ headers }: Source, name: string) => headers.find((each) => each[0] === name)?.[1]

/** A word for a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** What curl writes itself, and what is not kept. */
const left = new Set(["authorization", "content-length", "host", "connection", "te", "user-agent"])

const curl = (source: Source, { host, port, managementPort, caFile = "ca.pem" }: ExportTarget): Exported => {
  if (!isWhole(source)) return impossible("Its body was cut or is not UTF-8 text, so that it cannot be written down.")
  const headers = source.headers.filter(([name]) => !name.startsWith(":") && !left.has(name))
  const address = host.includes(":") ? `[${host}]` : host
  const url = `https://${address}:${source.kind === "management" ? managementPort : port}${source.path}`
  const words = [
    `curl --http2 --cacert ${quoted(caFile)} --request ${quoted(source.method)}`,
    // In double quotes, for the shell to put the token in.
    ...(header(source, "authorization") === undefined ? [] : ['--header "authorization: bearer $APNS_TOKEN"']),
    ...headers.map(([name, value]) => `--header ${quoted(`${name}: ${value}`)}`),
    ...(source.body === "" ? [] : [`--data-binary ${quoted(source.body)}`]),
    // Globbing would take brackets and braces of the path for patterns.
    `--globoff ${quoted(url)}`
  ]
  return made(`${words.join(" \\\n  ")}\n`)
}

const apnsFile = (source: Source): Exported => {
  const payload = jsonObject(source.body)
  if (source.kind !== "device") return impossible("An .apns file is for a push to a device.")
  if (source.pushType !== undefined && source.pushType !== "alert" && source.pushType !== "background") {
    return impossible("Xcode's Simulator takes alerts and background pushes only.")
  }
  if (payload === undefined || !isObject(payload.aps)) return impossible("Its body is no JSON object with `aps`.")
  const file = { ...(source.topic === undefined ? {} : { "Simulator Target Bundle": source.topic }), ...payload }
  return made(`${JSON.stringify(file, null, 2)}\n`)
}

/** JSON as a TypeScript literal: keys that need no quotes have none. */
const literal = (value: unknown, indent: string): string => {
  const inner = `${indent}  `
  const lines = (open: string, items: ReadonlyArray<string>, close: string) =>
    items.length === 0 ? `${open}${close}` : `${open}\n${inner}${items.join(`,\n${inner}`)}\n${indent}${close}`
  if (Array.isArray(value))
    return lines(
      "[",
      value.map((item) => literal(item, inner)),
      "]"
    )
  if (!isObject(value)) return JSON.stringify(value)
  const key = (name: string) =>
    // A literal's `__proto__: …` sets the prototype; computed, it is a key.
    name === "__proto__" ? '["__proto__"]' : /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
  return lines(
    "{",
    Object.entries(value).map(([name, item]) => `${key(name)}: ${literal(item, inner)}`),
    "}"
  )
}

const numeric = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined

const expirationOf = (source: Source): string | undefined => {
  const seconds = numeric(header(source, "apns-expiration"))
  if (seconds === undefined) return undefined
  return seconds === 0 ? '"once"' : `new Date(${seconds * 1_000})`
}

const typescript = (source: Source): Exported => {
  const payload = jsonObject(source.body)
  if (source.kind !== "device" || source.device === undefined) {
    return impossible("Only a push to a device can be written with `Notification.raw`.")
  }
  if (payload === undefined) return impossible("Its body is no JSON object.")
  const priority = numeric(header(source, "apns-priority"))
  const fields: ReadonlyArray<readonly [string, string | undefined]> = [
    ["device", JSON.stringify(source.device)],
    ["pushType", JSON.stringify(source.pushType ?? "alert")],
    ["topic", source.topic && JSON.stringify(source.topic)],
    ["id", source.apnsId && JSON.stringify(source.apnsId)],
    ["priority", priority === undefined ? undefined : String(priority)],
    ["expiration", expirationOf(source)],
    ["collapseId", source.collapseId && JSON.stringify(source.collapseId)],
    ["payload", literal(payload, "    ")]
  ]
  const lines = fields.flatMap(([name, value]) => (value === undefined ? [] : [`    ${name}: ${value}`]))
  return made(`import { Notification, send } from "effect-apns"

export const sent = send(
  Notification.raw({
${lines.join(",\n")}
  })
)
`)
}

/**
 * A request in a form.
 *
 * **Details**
 *
 * - `curl`: the same method, path, headers and body. The provider token is not kept: `$APNS_TOKEN` stands in its place.
 * - `apns`: for `xcrun simctl push`, which takes alerts and background pushes.
 * - `typescript`: a program with `Notification.raw`.
 *
 * @category getters
 * @since 0.1.0
 */
export const exportOf = (source: Source, form: ExportForm, target: ExportTarget): Exported => {
  switch (form) {
    case "curl":
      return curl(source, target)
    case "apns":
      return apnsFile(source)
    case "typescript":
      return typescript(source)
  }
}
