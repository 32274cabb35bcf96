/** What a device would show of an alert (Apple, "Generating a remote notification"). */
import { isArray, isObject, type Json, member, numberAt, textAt } from "./json.ts"

/** A text of the payload, or a key the app looks up in its own strings. */
export type Phrase =
  | { readonly _tag: "text"; readonly text: string }
  | { readonly _tag: "key"; readonly key: string; readonly args: ReadonlyArray<string> }

export type InterruptionLevel = "passive" | "active" | "time-sensitive" | "critical"

export interface Sound {
  readonly name: string
  readonly critical: boolean
  readonly volume: number | undefined
}

export interface AlertView {
  readonly title: Phrase | undefined
  readonly subtitle: Phrase | undefined
  readonly body: Phrase | undefined
  readonly badge: number | undefined
  readonly sound: Sound | undefined
  readonly thread: string | undefined
  readonly category: string | undefined
  readonly level: InterruptionLevel
  /** The app's extension may change it, and may attach an image. */
  readonly mutable: boolean
  readonly contentAvailable: boolean
}

const levels: ReadonlyArray<string> = ["passive", "active", "time-sensitive", "critical"]

const argsOf = (value: Json | undefined): ReadonlyArray<string> =>
  isArray(value) ? value.map((arg) => (typeof arg === "string" ? arg : JSON.stringify(arg))) : []

const phrase = (alert: Json, plain: string, prefix: string): Phrase | undefined => {
  const text = textAt(alert, plain)
  if (text !== undefined) return { _tag: "text", text }
  // In a Live Activity the field itself is an object with `loc-key`.
  const nested = member(alert, plain)
  const key = textAt(alert, `${prefix}loc-key`) ?? textAt(nested, "loc-key")
  if (key === undefined) return undefined
  return { _tag: "key", key, args: argsOf(member(alert, `${prefix}loc-args`) ?? member(nested, "loc-args")) }
}

const soundOf = (value: Json | undefined): Sound | undefined => {
  if (typeof value === "string") return { name: value, critical: false, volume: undefined }
  if (!isObject(value)) return undefined
  return {
    name: textAt(value, "name") ?? "default",
    critical: numberAt(value, "critical") === 1,
    volume: numberAt(value, "volume")
  }
}

const levelOf = (aps: Json | undefined, sound: Sound | undefined): InterruptionLevel => {
  const named = textAt(aps, "interruption-level")
  if (named !== undefined && levels.includes(named)) return named as InterruptionLevel
  return sound?.critical === true ? "critical" : "active"
}

/** Reads the `aps` of a payload. */
export const alertOf = (payload: Json | undefined): AlertView => {
  const aps = member(payload, "aps")
  const alert = member(aps, "alert")
  const sound = soundOf(member(aps, "sound") ?? member(alert, "sound"))
  return {
    title: isObject(alert) ? phrase(alert, "title", "title-") : undefined,
    subtitle: isObject(alert) ? phrase(alert, "subtitle", "subtitle-") : undefined,
    body:
      typeof alert === "string"
        ? { _tag: "text", text: alert }
        : isObject(alert)
          ? phrase(alert, "body", "")
          : undefined,
    badge: numberAt(aps, "badge"),
    sound,
    thread: textAt(aps, "thread-id"),
    category: textAt(aps, "category"),
    level: levelOf(aps, sound),
    mutable: numberAt(aps, "mutable-content") === 1,
    contentAvailable: numberAt(aps, "content-available") === 1
  }
}

/** Whether there is anything to read. */
export const hasText = ({ title, subtitle, body }: AlertView): boolean =>
  title !== undefined || subtitle !== undefined || body !== undefined
