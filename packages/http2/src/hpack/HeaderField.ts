/**
 * A header field as HPACK sees it: two strings of octets (RFC 7541, section 1.3), held as latin1 strings, so one
 * character is one octet. Whether it is a legal HTTP field is not decided here.
 *
 * @category models
 * @since 0.1.0
 */
export type HeaderField = readonly [name: string, value: string]

/**
 * How the encoder may represent a field (RFC 7541, section 6).
 *
 * - `"indexed"`: a literal with incremental indexing the first time (6.2.1), its index afterwards (6.1).
 * - `"literal"`: a literal without indexing (6.2.2) under an indexed name. Where no table has the name yet, the field is
 *   inserted once for its name, as Apple advises for `apns-id`.
 * - `"never"`: a literal never indexed (6.2.3), here and by every intermediary; no entry is made for its name either.
 *
 * @category models
 * @since 0.1.0
 */
export type Indexing = "indexed" | "literal" | "never"

/**
 * A header field to encode; `"indexed"` if nothing is said.
 *
 * @category models
 * @since 0.1.0
 */
export type EncodeField = readonly [name: string, value: string, indexing?: Indexing]

/** What an entry costs beyond its octets (RFC 7541, section 4.1); a header list is measured alike (RFC 9113, 6.5.2). */
export const entryOverhead = 32

/** The size of an entry (RFC 7541, section 4.1). */
export const entrySize = (name: string, value: string): number => name.length + value.length + entryOverhead
