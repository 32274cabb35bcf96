import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { stripVTControlCharacters } from "node:util"
import { assert, describe, it } from "@effect/vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

const start = (folder: string) => {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "examples/first-light.ts", "--durable", folder],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"] }
  )
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
  })
  const ended = once(child, "close")
  return { child, ended, stdout: () => stripVTControlCharacters(stdout), stderr: () => stderr }
}

const rows = (file: string, query: string): ReadonlyArray<Record<string, unknown>> => {
  if (!existsSync(file)) return []
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return database.prepare(query).all()
  } finally {
    database.close()
  }
}

/** How often the local APNs accepted each notification, by its id. */
const accepted = (folder: string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const { data } of rows(join(folder, "apns.db"), "SELECT data FROM received")) {
    const { answer, headers }: { answer: { status: number }; headers: ReadonlyArray<readonly [string, string]> } =
      JSON.parse(String(data))
    const id = headers.find(([name]) => name === "apns-id")?.[1]
    if (answer.status === 200 && id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

/** What is known to have become of each, by its id. */
const decided = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    rows(join(folder, "queue.db"), "SELECT id, row FROM outcome ORDER BY rowid").map(({ id, row }) => [
      String(id),
      JSON.parse(String(row)).outcome
    ])
  )

const acceptedOnes = (folder: string) => [...decided(folder)].filter(([, outcome]) => outcome === "accepted")

/** Ends it when two are accepted. */
const endHalfWay = async (folder: string, signal: "SIGINT" | "SIGKILL") => {
  const { child, ended, stderr, stdout } = start(folder)
  while ((stdout().match(/to go: .* accepted$/gm) ?? []).length < 2 && child.exitCode === null) await sleep(10)
  child.kill(signal)
  await ended
  return { stdout: stdout(), stderr: stderr() }
}

describe("npm start -- --durable", { concurrent: true, timeout: 180_000 }, () => {
  it.each(["SIGINT", "SIGKILL"] as const)(
    "goes on after %s: the table is complete, and each accepted one was sent once",
    async (signal) => {
      const folder = mkdtempSync(join(tmpdir(), "effect-apns-durable-"))
      try {
        const first = await endHalfWay(folder, signal)
        assert.notInclude(first.stdout, "TOKEN")
        if (signal === "SIGINT") assert.include(first.stdout, "Run the same command again")
        // Those that APNs had when the process was killed and the queue did not know of: only they may come twice.
        const known = decided(folder)
        const undecided = new Set([...accepted(folder).keys()].filter((id) => !known.has(id)))
        // The local APNs writes its file a moment after it answers, and long before the next is sent.
        const last = signal === "SIGKILL" ? acceptedOnes(folder).at(-1)?.[0] : undefined
        if (signal === "SIGINT") assert.strictEqual(undecided.size, 0)

        const second = start(folder)
        await second.ended
        assert.strictEqual(second.stderr(), "")
        assert.strictEqual(second.child.exitCode, 0)
        const lines = second.stdout().split("\n")
        const table = lines.slice(lines.findIndex((line) => line.startsWith("TOKEN")) + 1)
        assert.strictEqual(table.indexOf(""), 17, "rows of the table")
        assert.include(second.stdout(), "10 accepted, 7 not.")

        const times = accepted(folder)
        const ids = acceptedOnes(folder).map(([id]) => id)
        assert.strictEqual(ids.length, 10)
        for (const id of ids) {
          if (undecided.has(id)) assert.isAtMost(times.get(id) ?? 0, 2)
          else if (id === last) assert.isAtMost(times.get(id) ?? 0, 1)
          else assert.strictEqual(times.get(id), 1)
        }

        const third = start(folder)
        await third.ended
        assert.include(third.stdout(), "10 accepted, 7 not.")
        assert.deepStrictEqual(accepted(folder), times, "nothing is sent when all is decided")
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    }
  )
})
