/** The examples of the documentation, as programs. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export interface Example {
  /** Where it stands, such as `README.md:62`. */
  readonly origin: string
  readonly code: string
  /** Whether it is run, or compiled only: those that need a network, a key or a caller are only compiled. */
  readonly run: boolean
  /** The request that its `n` becomes, where the next block is one: an `http` block. */
  readonly request: string | undefined
}

const root = fileURLToPath(new URL("../..", import.meta.url))

/** Every page of the documentation, by its path from the root. */
export const pages = (): ReadonlyArray<string> => [
  "README.md",
  "packages/apns/README.md",
  "packages/delivery/README.md",
  "packages/http2/README.md",
  "packages/simulator/README.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`)
]

const sources = () =>
  ["http2", "apns", "simulator", "delivery"].flatMap((name) =>
    readdirSync(join(root, "packages", name, "src"))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `packages/${name}/src/${file}`)
  )

/** `expression // => value` asserts the value. */
const assertions = (code: string) =>
  code.replaceAll(/^(?!const |import |\/\/)(.+?);? \/\/ => (.+)$/gm, "assert.deepStrictEqual($1, $2)")

const blocks = (origin: string, text: string): ReadonlyArray<Example> =>
  [...text.matchAll(/^```ts( run)?\n([\s\S]*?)^```$/gm)].map((match) => {
    const line = text.slice(0, match.index).split("\n").length + 1
    const code = match[2] ?? ""
    const run = match[1] !== undefined
    const next = /^```(\w*).*\n([\s\S]*?)^```$/m.exec(text.slice(match.index + match[0].length))
    return {
      origin: `${origin}:${line}`,
      run,
      request: next?.[1] === "http" ? next[2] : undefined,
      code: run ? `import assert from "node:assert"\n${assertions(code)}` : code
    }
  })

const withoutStars = (text: string) => text.replaceAll(/^[ \t]*\*[ ]?/gm, "")

/** Every fenced `ts` block of the README, of docs/ and of the doc comments of the public modules. */
export const examples = (): ReadonlyArray<Example> => [
  ...pages().flatMap((page) => blocks(page, readFileSync(join(root, page), "utf8"))),
  ...sources().flatMap((source) => blocks(source, withoutStars(readFileSync(join(root, source), "utf8"))))
]
