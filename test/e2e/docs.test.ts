import { execFile } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Notification, PushType } from "effect-apns"
import { filled, pages as pagesWithTables } from "../../scripts/docs.ts"
import { examples, pages } from "../support/examples.ts"
import { deadLinks } from "../support/links.ts"
import { normalised, requestOf } from "../support/requests.ts"
import { runInTurn } from "./running.ts"

const run = promisify(execFile)
const root = fileURLToPath(new URL("../..", import.meta.url))
// Inside the workspace, so that the examples' imports resolve as a reader's would.
const folder = join(root, "test/.examples")

const all = examples().map((example, index) => ({ ...example, file: join(folder, `example-${index}.ts`) }))
const programs = all.filter((example) => example.run)
/** Metrics are kept for a whole process: who reads them has one alone. */
const isAlone = ({ code }: { readonly code: string }) => /Metric|Otlp/.test(code)
/** What each program says on stderr, by its file. */
const said = new Map<string, Promise<string>>()

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const { code, file, request } of all) {
    writeFileSync(file, `${code}\nexport {${request === undefined ? "" : " n "}}\n`)
  }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../tsconfig.test.json",
      compilerOptions: { noUnusedLocals: false, tsBuildInfoFile: null, incremental: false },
      include: ["*.ts"],
      references: ["http2", "apns", "simulator", "delivery"].map((name) => ({ path: `../../packages/${name}` }))
    })
  )
  // While the compiler is at work.
  const together = programs.filter((example) => !isAlone(example))
  for (const group of [together, ...programs.filter(isAlone).map((example) => [example])]) {
    const files = group.map(({ file }) => file)
    runInTurn(files, { cwd: root, patienceMillis: 60_000 }).forEach((own, index) => {
      said.set(files[index] ?? "", own)
    })
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("the documentation", () => {
  it.each(pagesWithTables)("has tables in %s that are those of the code", (page) => {
    const text = readFileSync(join(root, page), "utf8")
    assert.strictEqual(filled(text), text)
  })

  it("has no link that leads nowhere", () => {
    assert.deepStrictEqual(pages().flatMap(deadLinks), [])
  })

  it("shows the request of every push type", () => {
    const shown = all.map(({ request }) => /^apns-push-type: (.+)$/m.exec(request ?? "")?.[1])
    assert.deepStrictEqual(
      Object.keys(PushType.rules).filter((pushType) => !shown.includes(pushType)),
      []
    )
  })

  it("has examples that compile", { timeout: 120_000 }, async () => {
    assert.isAbove(all.length, 12)
    const output = await run("tsc", ["-p", folder, "--pretty", "false"], { cwd: root }).then(
      () => "",
      (error: { readonly stdout: string }) => error.stdout
    )
    const named = output.replaceAll(/\S*example-(\d+)\.ts/g, (_, index: string) => all[Number(index)]?.origin ?? "?")
    assert.strictEqual(named, "")
  })

  for (const { file, origin } of programs) {
    it(`has an example that runs at ${origin}`, { timeout: 180_000 }, async () => {
      assert.strictEqual(await said.get(file), "")
    })
  }

  for (const { file, origin, request } of all) {
    if (request === undefined) continue
    it(`shows the request of the example at ${origin}`, async () => {
      const { n }: { readonly n: Notification.Notification } = await import(file)
      assert.strictEqual(normalised(request), requestOf(n))
    })
  }
})
