/** Requests, and what is checked of them before they are written (RFC 9113, 8.2 and 8.3.1). */
import { type EncodeField, entryOverhead, isFieldName, isFieldValue } from "./fields.ts"

/** One request: header fields and at most one body. */
export interface Request {
  readonly method: string
  /** The `:path` pseudo-header field; written as a literal, outside the compression table. */
  readonly path: string
  /**
   * Fields that many requests have in common. The array's identity is the key under which its encoding is kept, so use
   * one array for all of them, and do not change it.
   */
  readonly stableFields?: ReadonlyArray<EncodeField> | undefined
  /** Fields of this request alone. Mark those whose value never comes again as `"literal"`. */
  readonly fields?: ReadonlyArray<EncodeField> | undefined
  /** Must not be changed before the stream has ended. */
  readonly body?: Uint8Array | string | undefined
}

/** Fields that HTTP/2 has no use for; a message with one of them is malformed (RFC 9113, 8.2.2). */
export const connectionSpecific: ReadonlySet<string> = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade"
])

/** Fields whose place is elsewhere in a request of HTTP/2. */
const misplaced: Readonly<Record<string, string>> = {
  host: 'the field "host" is the authority of the connection here (RFC 9113, 8.3.1)'
}

/** Why a request field must not be sent, if so (RFC 9113, 8.2.1 and 8.2.2). */
const fieldProblem = ([name, value]: EncodeField): string | undefined => {
  if (!isFieldName(name)) return `the field name ${JSON.stringify(name)} is not allowed`
  if (connectionSpecific.has(name)) return `the field "${name}" does not exist in HTTP/2`
  if (Object.hasOwn(misplaced, name)) return misplaced[name]
  if (name === "te" && value !== "trailers") return `the field "te" may only be "trailers"`
  if (!isFieldValue(value)) return `the value of "${name}" has a character that is not allowed`
  return undefined
}

/** The pseudo-header and stable fields of many requests, checked once. */
export interface Template {
  readonly method: string
  readonly fields: ReadonlyArray<EncodeField>
  /** Their part of the header list's size (RFC 9113, 6.5.2). */
  readonly size: number
  readonly problem: string | undefined
  /** The `content-length` in them, if there is one. */
  readonly toldLength: string | undefined
}

const none: ReadonlyArray<EncodeField> = []
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Visible characters without "#": a fragment is not sent (RFC 9110, 4.2.5). */
const visiblePath = /^[!"$-~]+$/

/** Makes and keeps the templates of one connection, whose scheme and authority never change. */
export class Templates {
  private readonly scheme: string
  private readonly authority: string
  private readonly known = new WeakMap<ReadonlyArray<EncodeField>, Template>()
  private lastStable: ReadonlyArray<EncodeField> | undefined
  private last: Template | undefined

  constructor(scheme: string, authority: string) {
    this.scheme = scheme
    this.authority = authority
  }

  of(request: Request): Template {
    const { method, stableFields = none } = request
    const { last } = this
    if (last !== undefined && this.lastStable === stableFields && last.method === method) return last
    let template = this.known.get(stableFields)
    if (template === undefined || template.method !== method) {
      template = this.make(method, stableFields)
      this.known.set(stableFields, template)
    }
    this.lastStable = stableFields
    this.last = template
    return template
  }

  private make(method: string, stable: ReadonlyArray<EncodeField>): Template {
    // Pseudo-header fields come first (RFC 9113, 8.3).
    const fields: Array<EncodeField> = [
      [":method", method],
      [":scheme", this.scheme],
      [":authority", this.authority],
      ...stable
    ]
    const problem = !token.test(method)
      ? "the method is not a token"
      : method === "CONNECT"
        ? "CONNECT opens a tunnel, which this client does not have (RFC 9113, 8.5)"
        : isFieldValue(this.authority)
          ? firstProblem(stable)
          : "the authority has a character that is not allowed"
    return { method, fields, size: listSize(fields), problem, toldLength: toldLength(stable) }
  }
}

export const listSize = (fields: ReadonlyArray<EncodeField>): number => {
  let size = 0
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] as EncodeField
    size += field[0].length + field[1].length + entryOverhead
  }
  return size
}

/** What the fields say of the length of the body, if they do. */
export const toldLength = (fields: ReadonlyArray<EncodeField>): string | undefined => {
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] as EncodeField
    if (field[0] === "content-length") return field[1]
  }
  return undefined
}

export const firstProblem = (fields: ReadonlyArray<EncodeField>): string | undefined => {
  for (let index = 0; index < fields.length; index++) {
    const problem = fieldProblem(fields[index] as EncodeField)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Whether it may be the value of `:path` (RFC 9113, 8.3.1): it starts with "/", or is "*" for OPTIONS. */
export const isPath = (method: string, path: string): boolean =>
  (path.charCodeAt(0) === 0x2f && visiblePath.test(path)) || (path === "*" && method === "OPTIONS")
