import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { Journal, Known, readJournal } from "../../../packages/cli/src/bulk/journal.ts"
import { folder } from "../support/folder.ts"

const tie = { bytes: 10, sha256: "ab", format: "csv" } as const

const rows = (...numbers: ReadonlyArray<number>) => numbers.map((row) => ({ row }))

const range = (start: number, end: number) => Array.from({ length: end - start }, (_, at) => start + at)

const read = (path: string) => {
  const found = readJournal(path)
  if (Result.isFailure(found)) return found.failure.problem
  const { again, done, given } = found.success.known
  return { given: String(given), done: String(done), again: String(again) }
}

const inFolder = <A>(test: (path: string) => A) =>
  Effect.scoped(Effect.map(folder, (directory) => test(join(directory, "resume.json"))))

describe("resume file", () => {
  it.live("knows at once what is handed over, and what became of it when that is written", () =>
    inFolder((path) => {
      const journal = new Journal(path, tie, new Known())
      journal.give(rows(...range(0, 10)))
      assert.deepStrictEqual(read(path), { given: "0-9", done: "", again: "" })
      for (const row of [9, 2, 1, 0]) journal.settle(row, true)
      journal.settle(5, false)
      assert.deepStrictEqual(read(path), { given: "0-9", done: "", again: "" })
      journal.write(journal.takeNotes())
      assert.deepStrictEqual(read(path), { given: "0-9", done: "0-2,9", again: "5" })
      assert.strictEqual(journal.known.unknown, 5)
    })
  )

  it.live("takes a row that is sent again for one that may have arrived", () =>
    inFolder((path) => {
      const journal = new Journal(path, tie, new Known())
      journal.give(rows(0, 1))
      journal.settle(0, false)
      journal.write(journal.takeNotes())
      journal.give(rows(0))
      assert.deepStrictEqual(read(path), { given: "0-1", done: "", again: "" })
    })
  )

  it.live("is one line of JSON when it is left", () =>
    inFolder((path) => {
      const journal = new Journal(path, tie, new Known())
      journal.give(rows(...range(0, 5)))
      journal.settle(4, true)
      journal.write(journal.takeNotes())
      journal.leave()
      assert.deepStrictEqual(JSON.parse(readFileSync(path, "utf8")), {
        version: 1,
        input: tie,
        given: "0-4",
        done: "4",
        again: ""
      })
    })
  )

  it.live("does without the line that a killed process did not finish", () =>
    inFolder((path) => {
      const journal = new Journal(path, tie, new Known())
      journal.give(rows(0))
      appendFileSync(path, '{"given":"1-9')
      assert.deepStrictEqual(read(path), { given: "0", done: "", again: "" })
    })
  )

  it.live("stays small however often something is noted", () =>
    inFolder((path) => {
      const journal = new Journal(path, tie, new Known())
      for (let row = 0; row < 100_000; row++) {
        journal.give(rows(row))
        journal.settle(row, true)
        journal.write(journal.takeNotes())
      }
      assert.isBelow(statSync(path).size, 1_200_000)
      assert.deepStrictEqual(read(path), { given: "0-99999", done: "0-99999", again: "" })
    })
  )

  it.live("says what is wrong with a file that is none", () =>
    inFolder((path) => {
      assert.strictEqual(read(path), `${path} does not exist: there is nothing to resume`)
      for (const text of ["", "{}\n", "hello\n", '{"version":2}\n']) {
        writeFileSync(path, text)
        assert.strictEqual(read(path), `${path} is not a resume file`)
      }
      new Journal(path, tie, new Known())
      appendFileSync(path, '{"given":"9-1"}\n')
      assert.strictEqual(read(path), `${path} is damaged on line 2`)
    })
  )
})
