/** From a row to its notification, or to what is wrong with the row. Pure. */
import * as Result from "effect/Result"
import * as Notification from "effect-apns/Notification"
import * as PayloadInspection from "effect-apns/PayloadInspection"
import { rulesOf } from "effect-apns/PushType"
import { expirationForms, expirationIn } from "../instants.ts"
import { columns, isColumn, shown, unheard } from "./columns.ts"
import type { CsvRecord } from "./csv.ts"
import type { Line } from "./ndjson.ts"
import type { Template, ValueOf } from "./template.ts"

/** Rows that go out together. */
export class Batch {
  readonly rows: ReadonlyArray<RowNotification>
  /** How many of them have no result. */
  open: number

  constructor(rows: ReadonlyArray<RowNotification>) {
    this.rows = rows
    this.open = rows.length
    for (const row of rows) row.batch = this
  }
}

/** The notification of a row. A class and no literal, as whatever lives as long as a request. */
export class RowNotification implements Notification.Notification {
  readonly device: string
  readonly id: string
  readonly pushType: string
  readonly topic: string | undefined
  readonly topicSuffix: string | undefined
  readonly trust: "token" | "certificate" | undefined
  readonly priority: number | undefined
  readonly expiration: Notification.Expiration | undefined
  readonly collapseId: string | undefined
  readonly registeredAt = undefined
  readonly replayUnknown = undefined
  readonly content: Notification.Content
  /** The line it starts on. */
  readonly line: number
  /** The number of its row, from 0. */
  readonly row: number
  /** Whether it says a header field of its own. */
  readonly isOwn: boolean
  batch: Batch | undefined = undefined

  constructor(
    device: string,
    id: string,
    common: Common,
    content: Notification.Content,
    line: number,
    row: number,
    isOwn: boolean
  ) {
    this.device = device
    this.id = id
    this.pushType = common.pushType
    this.topic = common.topic
    this.topicSuffix = common.topicSuffix
    this.trust = common.trust
    this.priority = common.priority
    this.expiration = common.expiration
    this.collapseId = common.collapseId
    this.content = content
    this.line = line
    this.row = row
    this.isOwn = isOwn
  }
}

/** A row that makes no notification. */
export class BadRow {
  readonly line: number
  readonly row: number
  readonly device: string
  readonly problem: string

  constructor(line: number, row: number, device: string, problem: string) {
    this.line = line
    this.row = row
    this.device = device
    this.problem = problem
  }
}

/** What is said once for all rows, as text. */
export interface Said {
  readonly pushType: string
  readonly topic?: string | undefined
  readonly priority?: string | undefined
  readonly expiration?: string | undefined
  readonly collapseId?: string | undefined
}

/** What all notifications that say nothing of their own have in common. */
interface Common {
  readonly pushType: string
  readonly topic: string | undefined
  readonly topicSuffix: string | undefined
  readonly trust: "token" | "certificate" | undefined
  readonly priority: number | undefined
  readonly expiration: Notification.Expiration | undefined
  readonly collapseId: string | undefined
}

/** What is wrong with a field, named as the column is. */
export interface Wrong {
  readonly column: string
  readonly problem: string
}

const wrong = (column: string, problem: string) => Result.fail<Wrong>({ column, problem })

/** The header fields by the rules of the push type; those that the library checks by itself are left to it. */
export const commonOf = (said: Said): Result.Result<Common, Wrong> => {
  const rules = rulesOf(said.pushType)
  const { collapseId, pushType, topic } = said
  let priority: number | undefined = rules?.priorities.length === 1 ? rules.priorities[0] : undefined
  if (said.priority !== undefined) {
    priority = Number(said.priority)
    if (rules !== undefined && !rules.priorities.some((each) => each === priority)) {
      return wrong(
        "priority",
        `is ${JSON.stringify(said.priority)}; ${pushType} takes ${rules.priorities.join(" or ")}`
      )
    }
  }
  let expiration: Notification.Expiration | undefined = rules?.expiration
  if (said.expiration !== undefined) {
    expiration = expirationIn(said.expiration)
    if (expiration === undefined) return wrong("expiration", `is no time. ${expirationForms}`)
  }
  const topicSuffix = rules?.suffix
  return Result.succeed({ pushType, topic, topicSuffix, trust: rules?.trust, priority, expiration, collapseId })
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const jsonBody = (value: unknown): Result.Result<string, Wrong> => {
  if (typeof value !== "string") {
    return isObject(value) ? Result.succeed(JSON.stringify(value)) : wrong("payload", "is not an object")
  }
  const { problem, value: parsed } = parseJson(value)
  if (problem !== undefined) return wrong("payload", problem)
  return isObject(parsed) ? Result.succeed(value) : wrong("payload", "is not an object")
}

/** A value out of JSON, or why it is none; where, as `column 12`. */
export const parseJson = (text: string): { readonly problem?: string; readonly value?: unknown } => {
  // The engine's own message quotes the text, and with it device tokens.
  const read = PayloadInspection.readValue(text)
  if (Result.isSuccess(read)) return { value: read.success }
  const { position, problem } = read.failure
  if (position === undefined) return { problem }
  return { problem: `${problem}, at ${position.line > 1 ? `line ${position.line}, ` : ""}column ${position.column}` }
}

export interface RowsOptions {
  readonly said: Said
  readonly template: Template | undefined
}

/** The content that rows share when the template is the same for all: encoded and checked once. */
const sharedContent = (template: Template): Notification.Content | undefined => {
  if (template.names.length > 0) return undefined
  const body = template.render(() => undefined)
  if (Result.isFailure(body)) return undefined
  const model = Notification.raw({ device: "", pushType: "alert", payload: body.success })
  return [...Notification.fanOut(model, [""])][0]?.content
}

export class Rows {
  private readonly said: Said
  private readonly common: Common
  private readonly template: Template | undefined
  private readonly shared: Notification.Content | undefined
  private readonly readable: ReadonlyArray<string>
  /** Of CSV: where each column is. */
  private positions: ReadonlyMap<string, number> | undefined
  private isWhole = false
  private width = 0
  /** Whether a row said a topic of its own. */
  hasTopics = false
  private fields: ReadonlyArray<string> = []
  private readonly valueInRecord: ValueOf = (name) => {
    const at = this.positions?.get(name)
    return at === undefined ? undefined : this.fields[at]
  }

  constructor({ said, template }: RowsOptions, common: Common) {
    this.said = said
    this.common = common
    this.template = template
    this.shared = template === undefined ? undefined : sharedContent(template)
    this.readable = [...columns, ...(template?.names ?? [])]
  }

  /** Says what the columns of CSV are. */
  setHeader(names: ReadonlyArray<string>): void {
    this.positions = new Map(names.map((name, at) => [name, at]))
    this.width = names.length
    this.isWhole = names.some((name) => name !== "device" && isColumn(name))
  }

  ofRecord({ fields, line, problem }: CsvRecord, row: number): RowNotification | BadRow {
    this.fields = fields
    const device = this.valueInRecord("device")
    if (problem !== undefined) return this.bad(line, row, device, problem)
    if (fields.length !== this.width) {
      return this.bad(line, row, device, `has ${fields.length} fields, and the header ${this.width}`)
    }
    return this.make(this.valueInRecord, this.isWhole, line, row)
  }

  ofLine({ line, text }: Line, row: number): RowNotification | BadRow {
    const { problem, value } = parseJson(text)
    if (problem !== undefined) return this.bad(line, row, "", problem)
    if (typeof value === "string") return this.make((name) => (name === "device" ? value : undefined), false, line, row)
    if (!isObject(value)) return this.bad(line, row, "", "is neither an object nor a device token in quotes")
    for (const key of Object.keys(value)) {
      if (isColumn(key) || this.readable.includes(key)) continue
      const hint = unheard(key, this.readable)
      // Rows may hold more than a template reads; but a slip in a name must not pass for that.
      if (this.template !== undefined && (hint === "" || this.readable.every((name) => Object.hasOwn(value, name))))
        continue
      return this.bad(line, row, value.device, `has an unknown key ${shown(key)}. ${hint}`.trimEnd())
    }
    return this.make((name) => (Object.hasOwn(value, name) ? value[name] : undefined), true, line, row)
  }

  private bad(line: number, row: number, device: unknown, problem: string): BadRow {
    return new BadRow(line, row, typeof device === "string" ? device : "", problem)
  }

  private make(valueOf: ValueOf, isWhole: boolean, line: number, row: number): RowNotification | BadRow {
    const device = valueOf("device")
    if (typeof device !== "string" || device === "") return this.bad(line, row, device, "column device: is missing")
    const common = isWhole ? this.ownCommon(valueOf) : Result.succeed(this.common)
    if (Result.isFailure(common)) return this.misfit(line, row, device, common.failure)
    const content = this.content(isWhole ? valueOf("payload") : undefined, valueOf)
    if (Result.isFailure(content)) return this.misfit(line, row, device, content.failure)
    const given = isWhole ? valueOf("id") : undefined
    const id = typeof given === "string" && given !== "" ? given : crypto.randomUUID()
    return new RowNotification(device, id, common.success, content.success, line, row, common.success !== this.common)
  }

  private misfit(line: number, row: number, device: string, { column, problem }: Wrong) {
    return this.bad(line, row, device, `column ${column}: ${problem}`)
  }

  private content(payload: unknown, valueOf: ValueOf): Result.Result<Notification.Content, Wrong> {
    const isGiven = payload !== undefined && payload !== ""
    if (!isGiven && this.shared !== undefined) return Result.succeed(this.shared)
    if (!isGiven && this.template === undefined) return wrong("payload", "is missing, and there is no template")
    const body = isGiven || this.template === undefined ? jsonBody(payload) : this.template.render(valueOf)
    return Result.map(body, (body) => ({ _tag: "Raw", body }))
  }

  /** What a row says of its own goes before what is said for all. An empty field says nothing. */
  private ownCommon(valueOf: ValueOf): Result.Result<Common, Wrong> {
    let own: { -readonly [K in keyof Said]: Said[K] } | undefined
    for (const [column, field] of ownFields) {
      const value = valueOf(column)
      if (value === undefined || value === "" || value === null) continue
      if (typeof value !== "string" && typeof value !== "number") return wrong(column, "is neither text nor a number")
      own ??= { ...this.said }
      own[field] = String(value)
    }
    if (own === undefined) return Result.succeed(this.common)
    if (own.topic !== this.said.topic) this.hasTopics = true
    return commonOf(own)
  }
}

const ownFields = [
  ["push-type", "pushType"],
  ["topic", "topic"],
  ["collapse-id", "collapseId"],
  ["expiration", "expiration"],
  ["priority", "priority"]
] as const satisfies ReadonlyArray<readonly [string, keyof Said]>
