/** Reading of JSON whose form nobody vouches for. */

export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** The value of a text, or `undefined` when it is no JSON. */
export const parse = (text: string): Json | undefined => {
  try {
    // JSON.parse gives nothing but JSON.
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const isArray = (value: Json | undefined): value is ReadonlyArray<Json> => Array.isArray(value)

/** An own member: a payload may name `constructor`. */
export const member = (value: Json | undefined, key: string): Json | undefined =>
  isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined

export const textAt = (value: Json | undefined, key: string): string | undefined => {
  const found = member(value, key)
  return typeof found === "string" ? found : undefined
}

export const numberAt = (value: Json | undefined, key: string): number | undefined => {
  const found = member(value, key)
  return typeof found === "number" ? found : undefined
}

/** One line for a value of any kind, cut to `length`. */
export const brief = (value: Json | undefined, length = 80): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "")
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}
