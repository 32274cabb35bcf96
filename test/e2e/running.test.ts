import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { runInTurn } from "./running.ts"

const modules = {
  "says nothing": ["globalThis.before = 1", /^$/],
  "warns on stderr": ['console.warn("careful")', /^careful\n$/],
  "warns through Node": ['process.emitWarning("old")', /Warning: old/],
  "asserts something wrong": ['import assert from "node:assert"\nassert.deepStrictEqual(1, 2)', /AssertionError/],
  "imports nothing that exists": ['import "./nowhere.mjs"', /ERR_MODULE_NOT_FOUND/],
  "waits for what never comes": ["await new Promise(() => {})", /waits for something that never comes/],
  "sets an exit code": ["process.exitCode = 3", /exit code 3/],
  "rejects where nobody looks": ['void Promise.reject(new Error("unseen"))', /unseen.*ended the process with code 1/s],
  "fails later": ['setTimeout(() => { throw new Error("late") }, 20)', /late.*ended the process with code 1/s],
  "ends the process": ["process.exit(0)", /ended the process with code 0/],
  "never ends": ["setInterval(() => {}, 1_000)", /not ended after/],
  "is the last": ["await new Promise((resolve) => setTimeout(resolve, 20))", /^$/]
} as const

describe("modules that run in turn", () => {
  it("are judged each by what it does, whatever the others do", { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "effect-apns-turns-"))
    try {
      const files = Object.values(modules).map(([code], index) => {
        const file = join(folder, `${index}.mjs`)
        writeFileSync(file, code)
        return file
      })
      const said = await Promise.all(runInTurn(files, { cwd: folder, patienceMillis: 6_000 }))
      Object.entries(modules).forEach(([name, [, expected]], index) => {
        assert.match(said[index] ?? "nothing", expected, name)
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
