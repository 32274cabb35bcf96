/**
 * Takes the pictures of docs/cli/: the `apns` command in a terminal of 80 columns, against a local APNs.
 * `node scripts/terminal.ts [folder]`
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { record } from "./terminal/record.ts"
import { svg } from "./terminal/svg.ts"

const folder = process.argv[2] ?? fileURLToPath(new URL("../docs/cli/images", import.meta.url))
const main = fileURLToPath(new URL("../packages/cli/dist/main.js", import.meta.url))

interface Picture {
  readonly name: string
  readonly commands: ReadonlyArray<string>
}

const pictures: ReadonlyArray<Picture> = [{ name: "reason", commands: ["apns reason Unregistered"] }]

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** The command as it is typed, then what it prints. */
const typed = (command: string) => `printf '\\033[2m$\\033[0m \\033[1m%s\\033[0m\\n' ${quoted(command)}; ${command}`

const work = mkdtempSync(join(tmpdir(), "apns-terminal-"))
try {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(work, "apns"), `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(main)} "$@"\n`, {
    mode: 0o755
  })
  for (const { name, commands } of pictures) {
    const screen = await record({
      script: commands.map(typed).join("; echo; "),
      cwd: work,
      env: { HOME: work, PATH: `${work}:${process.env.PATH ?? ""}` }
    })
    writeFileSync(join(folder, `${name}.svg`), svg(screen, commands.join("; ")))
    console.log(`${name}: ${screen.length} lines`)
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
