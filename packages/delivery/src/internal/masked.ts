/** What others say, such as a store's error with its statement, without the device tokens that it may repeat. */
import * as Cause from "effect/Cause"

/** As long as the shortest device token there may be in earnest; a UUID has fewer digits in a row. */
const longHex = /[0-9a-f]{16,}/gi

const shorten = (hex: string) => `${hex.slice(0, 4)}…${hex.slice(-4)}`

/** A cause in one text for a log line. */
export const told = (cause: Cause.Cause<unknown>): string => Cause.pretty(cause).replaceAll(longHex, shorten)
