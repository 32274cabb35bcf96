/** What changed between two JSON values, by path. */
import { isArray, isObject, type Json } from "./json.ts"

export interface Change {
  readonly path: string
  readonly before: Json | undefined
  readonly after: Json | undefined
}

const children = (value: Json | undefined): ReadonlyMap<string, Json> | undefined => {
  if (isObject(value)) return new Map(Object.entries(value))
  if (isArray(value)) return new Map(value.map((item, index) => [`[${index}]`, item]))
  return undefined
}

const join = (path: string, key: string): string => (path === "" || key.startsWith("[") ? path + key : `${path}.${key}`)

const sameKind = (before: Json | undefined, after: Json | undefined): boolean => isArray(before) === isArray(after)

/** The leaves that were added, removed or changed, in the order of `after`, removed ones last. */
export const diff = (before: Json | undefined, after: Json | undefined, path = ""): ReadonlyArray<Change> => {
  const was = children(before)
  const is = children(after)
  if (was === undefined || is === undefined || !sameKind(before, after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }]
  }
  const changes: Array<Change> = []
  for (const [key, value] of is) changes.push(...diff(was.get(key), value, join(path, key)))
  for (const [key, value] of was) {
    if (!is.has(key)) changes.push({ path: join(path, key), before: value, after: undefined })
  }
  return changes
}
