import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { stripVTControlCharacters } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readNotifications } from "../../examples/read.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

const firstLight = (...args: ReadonlyArray<string>) =>
  new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resolve) => {
    execFile(process.execPath, ["examples/first-light.ts", ...args], { cwd: root }, (error, stdout, stderr) =>
      resolve({
        code: typeof error?.code === "number" ? error.code : 0,
        stdout: stripVTControlCharacters(stdout),
        stderr
      })
    )
  })

describe("npm start", { timeout: 60_000 }, () => {
  it("says what became of every notification of the file", async () => {
    const { code, stderr, stdout } = await firstLight()
    assert.strictEqual(stderr, "")
    assert.strictEqual(code, 0)
    const lines = stdout.split("\n")
    assert.isTrue(
      lines.every((line) => line.length <= 80),
      "wider than 80 columns"
    )
    const row = (start: string) => lines.find((line) => line.startsWith(start))?.replace(/ +[\d.]+ ms$/, "")
    assert.strictEqual(row("5557"), "5557…c503 alert      accepted                                        1")
    assert.strictEqual(row("127b"), "127b…a4ff voip       accepted                                        1")
    assert.strictEqual(row("283b"), "283b…9247 alert      refused  Unregistered           drop token      1")
    assert.strictEqual(row("16cc"), "16cc…4a96 alert      refused  DeviceTokenNotForTopic drop token      1")
    assert.strictEqual(row("eh8M"), "eh8M…T2A= alert      unsent   InvalidNotification    fix request     0")
    assert.strictEqual(row("2a21"), "2a21…53d1 alert      unsent   InvalidNotification    fix request     0")
    assert.strictEqual(row("c9bc"), "c9bc…128b alert      accepted                                        2")
    assert.include(stdout, 'payload is 4,536 bytes and the limit for\n             "alert" is 4,096')
    assert.include(stdout, "9 accepted, 8 not.")
  })

  it("names the line of a file that it cannot read", async () => {
    const folder = mkdtempSync(join(tmpdir(), "effect-apns-"))
    try {
      const file = join(folder, "mine.ndjson")
      writeFileSync(
        file,
        '{"type":"background","device":"7a1f","payload":{"aps":{"content-available":1}}}\n\n{"type":"al\n'
      )
      const { code, stderr } = await firstLight(file)
      assert.strictEqual(code, 1)
      assert.match(stderr, /mine\.ndjson, line 3: /)
      assert.strictEqual(stderr.trim().split("\n").length, 1)
      // What becomes of its failures, the program has just shown.
      const missing = await Effect.runPromise(Effect.flip(readNotifications(join(folder, "nothing.ndjson"))))
      assert.strictEqual(missing._tag, "BadInput")
      assert.match(missing.message, /nothing\.ndjson cannot be read: .*ENOENT/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
