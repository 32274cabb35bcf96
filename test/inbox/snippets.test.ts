/** The programs that the page offers to copy, run as they are. */
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { snippets } from "../../packages/inbox/src/model/snippets.ts"
import { type Inbox, openInbox } from "./page.ts"

const run = promisify(execFile)
// The programs import packages of the workspace.
const cwd = fileURLToPath(new URL("../..", import.meta.url))

const commands: Readonly<Record<string, (code: string) => readonly [command: string, args: ReadonlyArray<string>]>> = {
  "effect-apns": (code) => [process.execPath, ["--input-type=module", "--eval", code]],
  "node-apn": (code) => [process.execPath, ["--input-type=module", "--eval", code]],
  curl: (code) => ["bash", ["-euc", code.replace("curl ", "curl --silent --show-error --fail ")]]
}

const hasCurl = await run("curl", ["--version"]).then(
  ({ stdout }) => stdout.includes("HTTP2"),
  () => false
)

describe("the programs to copy", () => {
  const folder = mkdtempSync(join(tmpdir(), "apns-inbox-"))
  let inbox: Inbox
  beforeAll(async () => {
    inbox = await openInbox()
    writeFileSync(join(folder, "ca.pem"), inbox.simulator.ca)
    writeFileSync(join(folder, "key.p8"), inbox.simulator.key.privateKey)
  })
  afterAll(async () => {
    await inbox.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it.each(Object.keys(commands))("%s", { timeout: 120_000 }, async (name) => {
    if (name === "curl" && !hasCurl) {
      console.warn("curl with HTTP/2 is not installed here; its example is not run")
      return
    }
    const { ca, environment, host, key, managementPort, port } = inbox.simulator
    const info = {
      ...{ version: "0", environment, host, port, managementPort, inboxPort: 0, ca, key, keep: 1, started: 0 },
      ...{ caFile: join(folder, "ca.pem"), keyFile: join(folder, "key.p8") }
    }
    const code = snippets(info).find((snippet) => snippet.name === name)?.code ?? ""
    const [command, args] = commands[name]?.(code) ?? ["", []]
    await Effect.runPromise(inbox.simulator.inbox.clear)
    await run(command, args, { cwd, timeout: 100_000 })
    const [received] = await Effect.runPromise(inbox.simulator.inbox.entries())
    expect(received?.answer).toMatchObject({ status: 200 })
    expect(JSON.parse(received?.body ?? "")).toMatchObject({
      aps: { alert: { title: "Hello", body: "From my machine" } }
    })
  })
})
