/** What others say, without the secrets that they may have had from us. */
import { shorten } from "./deviceToken.ts"

/** Hexadecimal digits as long as the shortest device token there may be in earnest; a UUID has fewer in a row. */
const longHex = /[0-9a-f]{16,}/gi
/** A JSON Web Token, or its beginning (RFC 7519, 3). */
const token = /\beyJ[\w-]+(?:\.[\w-]*){0,2}/g

/** A text of a server or a proxy, which may repeat the path or the fields of a request, as it may be shown. */
export const masked = (text: string): string => text.replaceAll(token, "<token>").replaceAll(longHex, shorten)
