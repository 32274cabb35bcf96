/**
 * Where and why a text is not JSON (RFC 8259), which `JSON.parse` says in each engine's own words, and often not where; and what
 * `JSON.parse` changes without a word.
 */

export interface JsonProblem {
  readonly problem: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 code units, as editors count. */
  readonly column: number
}

const space = /[ \t\n\r]*/y
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: they end a text that is not well-formed
const plain = /[^"\\\u0000-\u001f]*/y
const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/** A number in its shortest form, its digits without zeros at their ends and the power of ten: `1.50e3` is `15e2`. */
const canonical = (number: string): string => {
  const [, whole = "", fraction = "", exponent = "0"] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? []
  const digits = (whole + fraction).replace(/^0+/, "")
  const short = digits.replace(/0+$/, "")
  return short === "" ? "0" : `${short}e${Number(exponent) - fraction.length + digits.length - short.length}`
}

/** Fifteen digits and ordinary exponents are always kept (IEEE 754, binary64). */
const harmless = /^-?\d{1,15}$/

const isKept = (number: string) => harmless.test(number) || canonical(String(Number(number))) === canonical(number)

/** What is lost where JavaScript reads it: a key that stands twice, digits of a number. */
export const jsonLoss = (source: string): JsonProblem | undefined => walk(source, true)

/** Where it stops being JSON, or `undefined` when it is. */
export const jsonProblem = (source: string): JsonProblem | undefined => walk(source, false)

const walk = (source: string, lossless: boolean): JsonProblem | undefined => {
  /** What closes the arrays and objects that are open. */
  const open: Array<"]" | "}"> = []
  /** The keys of the objects that are open. */
  const keys: Array<Set<string>> = []
  let expected: "value" | "first item" | "key" | "first key" | "next" = "value"
  let at = 0

  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    if (!pattern.test(source)) return false
    at = pattern.lastIndex
    return true
  }

  const fail = (problem: string, index = at): JsonProblem => {
    const lines = source.slice(0, index).split(/\r\n|\n|\r/)
    return { problem, line: lines.length, column: (lines.at(-1) ?? "").length + 1 }
  }

  const unexpected = (problem: string): JsonProblem => {
    if (at >= source.length) return fail(open.length === 0 ? "it is empty" : `it ends before its "${open.at(-1)}"`)
    if (source[at] === "/") return fail("a comment, which JSON does not have")
    if (source[at] === "'") return fail("a text in single quotes")
    return fail(problem)
  }

  const takeText = (): JsonProblem | undefined => {
    const start = at++
    // One expression for both would overflow the engine's stack in a text of many escapes.
    do take(plain)
    while (take(escaped))
    const stop = source[at]
    if (stop === '"') {
      at++
      return undefined
    }
    const isCutOff = stop === undefined || stop === "\n" || stop === "\r"
    if (isCutOff) return fail("a text that is not closed on its line", start)
    return fail(stop === "\\" ? "a backslash that escapes nothing" : "a control character in a text")
  }

  const twice = (start: number): JsonProblem | undefined => {
    const key: string = JSON.parse(source.slice(start, at))
    const known = keys.at(-1)
    if (known?.has(key) === true) return fail(`the key ${JSON.stringify(key)}, which stands there twice`, start)
    known?.add(key)
    return undefined
  }

  for (;;) {
    take(space)
    const next = source[at]
    const close = open.at(-1)
    if (next !== undefined && next === close && expected !== "value" && expected !== "key") {
      open.pop()
      if (next === "}") keys.pop()
      at++
      expected = "next"
    } else if (expected === "next") {
      if (close === undefined) return at === source.length ? undefined : unexpected("more after the end")
      if (next !== ",") return unexpected(`expected "," or "${close}"`)
      at++
      expected = close === "}" ? "key" : "value"
    } else if (expected === "key" || expected === "first key") {
      if (next !== '"') return unexpected(next === "}" ? 'a comma before "}"' : "expected a key in double quotes")
      const start = at
      const problem = takeText() ?? (lossless ? twice(start) : undefined)
      if (problem !== undefined) return problem
      take(space)
      if (source[at] !== ":") return unexpected('expected ":"')
      at++
      expected = "value"
    } else if (next === "{" || next === "[") {
      open.push(next === "{" ? "}" : "]")
      if (next === "{") keys.push(new Set())
      at++
      expected = next === "{" ? "first key" : "first item"
    } else {
      const start = at
      const problem = next === '"' ? takeText() : undefined
      if (problem !== undefined) return problem
      if (next !== '"' && !take(scalar)) {
        return unexpected(next === "]" && close === "]" ? 'a comma before "]"' : "expected a value")
      }
      if (lossless && next !== undefined && /[-\d]/.test(next) && !isKept(source.slice(start, at))) {
        return fail("a number with more digits than JavaScript keeps", start)
      }
      expected = "next"
    }
  }
}
