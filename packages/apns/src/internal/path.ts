/** Paths, and what people paste in their place: keys, certificates, and what secret stores hold of them. Pure. */

/** The longest name of a file on the systems there are, in bytes. */
const longestName = 255
const encoded = /^[\w+/=-]{40,}$/

/** Whether it is base64, in either alphabet, maybe more than once, of PEM, JSON or DER. */
const holdsKey = (text: string, times = 3): boolean => {
  if (times === 0 || !encoded.test(text)) return false
  const bytes = Buffer.from(text, "base64")
  // SEQUENCE (X.690, 8.9), its length in two bytes, in one, or told by its end.
  if (bytes[0] === 0x30 && (bytes[1] === 0x82 || bytes[1] === 0x81 || bytes[1] === 0x80)) return true
  const inner = bytes.toString("latin1").replaceAll(/\s/g, "")
  return /^-----BEGIN|^\{"/.test(inner) || holdsKey(inner, times - 1)
}

/** Whether a value that is to be a path is what a file holds: it is never opened, kept or repeated. */
export const isContent = (value: string): boolean => {
  const text = value.trim()
  return (
    /-----BEGIN|[\r\n\0]/.test(text) ||
    /^data:/i.test(text) ||
    /^[{[]\s*["{[]/.test(text) ||
    text.split(/[/\\]/).some((name) => Buffer.byteLength(name) > longestName) ||
    holdsKey(text)
  )
}

/** A run of base64 that may be a part of a key. Names of files have a dot, a dash or one kind of letters. */
const run = /[A-Za-z0-9+=]{20,}/g
const isMixed = (text: string) => /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text)

/** Whether it may be a line out of a key: it may be a path as well, but not one that is worth repeating. */
const isLikeLine = (value: string) => encoded.test(value.trim()) && isMixed(value) && !/^[/.~]/.test(value)

/** Whether a message may repeat a value that is to be a path. */
export const isShowable = (value: string): boolean => !isContent(value) && !isLikeLine(value)

/** A path as a message may repeat it. */
export const shownPath = (path: string): string =>
  isShowable(path) ? path.replaceAll(run, (part) => (isMixed(part) ? "…" : part)) : "…"
