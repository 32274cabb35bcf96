/** Where and why a text is not JSON (RFC 8259). `JSON.parse` says it in each engine's own words, and often not where. */

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

/** Where it stops being JSON, or `undefined` when it is. */
export const jsonProblem = (source: string): JsonProblem | undefined => {
  /** What closes the arrays and objects that are open. */
  const open: Array<"]" | "}"> = []
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

  for (;;) {
    take(space)
    const next = source[at]
    const close = open.at(-1)
    if (next !== undefined && next === close && expected !== "value" && expected !== "key") {
      open.pop()
      at++
      expected = "next"
    } else if (expected === "next") {
      if (close === undefined) return at === source.length ? undefined : unexpected("more after the end")
      if (next !== ",") return unexpected(`expected "," or "${close}"`)
      at++
      expected = close === "}" ? "key" : "value"
    } else if (expected === "key" || expected === "first key") {
      if (next !== '"') return unexpected(next === "}" ? 'a comma before "}"' : "expected a key in double quotes")
      const problem = takeText()
      if (problem !== undefined) return problem
      take(space)
      if (source[at] !== ":") return unexpected('expected ":"')
      at++
      expected = "value"
    } else if (next === "{" || next === "[") {
      open.push(next === "{" ? "}" : "]")
      at++
      expected = next === "{" ? "first key" : "first item"
    } else {
      const problem = next === '"' ? takeText() : undefined
      if (problem !== undefined) return problem
      if (next !== '"' && !take(scalar)) {
        return unexpected(next === "]" && close === "]" ? 'a comma before "]"' : "expected a value")
      }
      expected = "next"
    }
  }
}
