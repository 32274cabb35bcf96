/** Text of a message without the secrets that somebody may have given in the wrong place. */

/** In this order: a PEM text holds base64. */
const secrets: ReadonlyArray<readonly [pattern: RegExp, instead: string]> = [
  [/-----BEGIN [\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/g, "<PEM>"],
  [/\beyJ[\w-]+(?:\.[\w-]*){0,2}/g, "<token>"],
  [/\b[A-Za-z0-9+/_-]{100,}={0,2}/g, "<…>"],
  [/\b([0-9a-f]{6})[0-9a-f]{26,}\b/gi, "$1…"]
]

export const hushed = (text: string): string =>
  secrets.reduce((rest, [pattern, instead]) => rest.replaceAll(pattern, instead), text)
