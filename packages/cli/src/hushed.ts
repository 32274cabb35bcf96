/** Text of a message without the secrets that somebody may have given in the wrong place. */

import { isPath } from "effect-apns/Credentials"

/** In this order: a PEM text holds base64. DER in base64 begins with MI; anything that long may be the path of a file, too. */
const secrets: ReadonlyArray<readonly [pattern: RegExp, instead: string]> = [
  [/-----BEGIN [\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/g, "<PEM>"],
  [/\beyJ[\w-]+(?:\.[\w-]*){0,2}/g, "<token>"],
  [/\bMI[A-Za-z0-9+/]{80,}={0,2}/g, "<key>"],
  [/\b([0-9a-f]{6})[0-9a-f]{26,}\b/gi, "$1…"]
]

/** A word that may be a key in base64, or a line out of one; the sentence that repeats it may end there. */
const longWord = /[^\s"'`,;()<>]{40,}?(?=[.:]?(?:[\s"'`,;()<>]|$))/g

export const hushed = (text: string): string =>
  secrets
    .reduce((rest, [pattern, instead]) => rest.replaceAll(pattern, instead), text)
    .replaceAll(longWord, (word) => (isPath(word) ? word : "<key>"))
