/** What a response's header section must be (RFC 9113, 8.1.1, 8.2 and 8.3.2). */
import { type HeaderField, isFieldName, isFieldValue } from "./fields.ts"
import { connectionSpecific } from "./request.ts"

const statusPattern = /^[1-9][0-9][0-9]$/
const lengthPattern = /^[0-9]{1,15}$/

const isPseudo = (name: string): boolean => name.charCodeAt(0) === 0x3a

/** Why the field section is malformed, if so. `first` is the index of the first field that must be a regular one. */
const regularProblem = (fields: ReadonlyArray<HeaderField>, first: number): string | undefined => {
  for (let index = first; index < fields.length; index++) {
    const [name, value] = fields[index] as HeaderField
    if (!isFieldName(name)) {
      // RFC 9113, 8.3 (pseudo-header fields come first, and no others than :status) and 8.2 (lower case)
      return isPseudo(name) ? `a misplaced or unknown pseudo-header field` : "a field name that is not allowed"
    }
    // RFC 9113, 8.2.2
    if (connectionSpecific.has(name)) return `the connection-specific field "${name}"`
    // RFC 9113, 8.2.1
    if (!isFieldValue(value)) return `a value of "${name}" that is not allowed`
  }
  return undefined
}

/** Why a header section is malformed, if so. */
export const headersProblem = (fields: ReadonlyArray<HeaderField>): string | undefined => {
  const first = fields[0]
  // The one pseudo-header field of a response (RFC 9113, 8.3.2)
  if (first === undefined || first[0] !== ":status") return "no :status at its beginning"
  if (!statusPattern.test(first[1])) return "a :status that is not one"
  return regularProblem(fields, 1)
}

/** Why a trailer section is malformed, if so: it has no pseudo-header fields (RFC 9113, 8.1). */
export const trailersProblem = (fields: ReadonlyArray<HeaderField>): string | undefined => regularProblem(fields, 0)

/** The value of `content-length`: -1 without one, NaN when it is none or there are two of them (RFC 9110, 8.6). */
export const contentLengthOf = (fields: ReadonlyArray<HeaderField>): number => {
  let length = -1
  for (let index = 1; index < fields.length; index++) {
    const field = fields[index] as HeaderField
    if (field[0] !== "content-length") continue
    const next = lengthPattern.test(field[1]) ? Number(field[1]) : Number.NaN
    if (length !== -1 && next !== length) return Number.NaN
    length = next
  }
  return length
}
