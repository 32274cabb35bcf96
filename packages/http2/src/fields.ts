/** What is allowed in header fields (RFC 9113, 8.2.1). */
import type { EncodeField, HeaderField } from "./hpack/index.ts"

export type { EncodeField, HeaderField }

/** What a field counts beyond its name and value in the size of a header list (RFC 9113, 6.5.2). */
export const entryOverhead = 32

/** A token of RFC 9110, 5.6.2, without upper case (RFC 9113, 8.2). */
const name = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/

/** Names found good, so that those of every message are looked up rather than matched. Bounded, and shared by all. */
const goodNames = new Set<string>()
const maxGoodNames = 256
const maxGoodNameLength = 64

export const isFieldName = (text: string): boolean => {
  if (goodNames.has(text)) return true
  if (!name.test(text)) return false
  if (goodNames.size < maxGoodNames && text.length <= maxGoodNameLength) goodNames.add(text)
  return true
}

/** Octets without controls other than tab, and no white space at either end (RFC 9113, 8.2.1; RFC 9110, 5.5). */
const value = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/

export const isFieldValue = (text: string): boolean => value.test(text)
