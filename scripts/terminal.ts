/**
 * Takes the pictures of docs/cli/: the `apns` command in a terminal of 80 columns, against a local APNs.
 * `node scripts/terminal.ts [folder]`
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Simulator } from "@effect-apns/simulator"
import { Effect } from "effect"
import { localVariables } from "../test/cli/support/local.ts"
import { record } from "./terminal/record.ts"
import { svg } from "./terminal/svg.ts"

const folder = process.argv[2] ?? fileURLToPath(new URL("../docs/cli/images", import.meta.url))
const main = fileURLToPath(new URL("../packages/cli/dist/main.js", import.meta.url))

interface Picture {
  readonly name: string
  readonly commands: ReadonlyArray<string>
}

const phone = "7a1f0c3b5d2e4f607a1f0c3b5d2e4f607a1f0c3b5d2e4f607a1f0c3b5d2e4f60"
const gone = "283bb9deef02e6843abfb538efa1eca70801bd8a701c3f98191e123496339247"

const pictures: ReadonlyArray<Picture> = [
  { name: "reason", commands: ["apns reason Unregistered"] },
  {
    name: "send",
    commands: ["apns send $PHONE --title Hello --body World", "apns send $OLD_PHONE --title Hello --body World"]
  },
  { name: "dry-run", commands: ["apns send $PHONE --title Hello --body World --dry-run"] },
  { name: "payload", commands: ["apns payload welcome.json"] },
  { name: "bulk", commands: ["apns bulk users.csv --template hello.json --results results.csv"] },
  { name: "doctor", commands: ["apns doctor"] },
  {
    name: "queue",
    commands: [
      "apns queue enqueue users.csv --template hello.json --store queue.db",
      "apns queue work --store queue.db --until-empty",
      "apns queue stats --store queue.db"
    ]
  }
]

const deviceOf = (index: number) => index.toString(16).padStart(64, "0")

/** The files that the commands name. */
const writeFiles = (work: string) => {
  const rows = Array.from({ length: 40_000 }, (_, index) => `${deviceOf(index)},Ada ${index}`)
  rows[7] = `${gone},Grace`
  rows[11] = "7a1f0c3b,not a whole token,"
  writeFileSync(join(work, "users.csv"), `device,name\n${rows.join("\n")}\n`)
  writeFileSync(join(work, "hello.json"), '{ "aps": { "alert": "Hello {{name}}", "sound": "default" } }\n')
  const welcome = {
    aps: { alert: { title: "Welcome", boddy: "Have a look around." }, badge: "1", sound: "default" },
    user: { id: 42, roles: ["reader", "writer"] }
  }
  writeFileSync(join(work, "welcome.json"), `${JSON.stringify(welcome, null, 2)}\n`)
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** The command as it is typed, then what it prints. */
const typed = (command: string) => `printf '\\033[2m$\\033[0m \\033[1m%s\\033[0m\\n' ${quoted(command)}; ${command}`

const take = Effect.gen(function* () {
  const work = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "apns-terminal-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const simulator = yield* Simulator
  yield* simulator.register({ state: "unregistered", token: gone, since: 1_767_225_600_000 })
  writeFiles(work)
  writeFileSync(join(work, "apns"), `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(main)} "$@"\n`, {
    mode: 0o755
  })
  const settings = yield* localVariables
  // Named as somebody in their folder would.
  renameSync(settings.APNS_KEY_FILE, join(work, "AuthKey.p8"))
  renameSync(settings.APNS_CA_FILE, join(work, "ca.pem"))
  const env = {
    ...settings,
    APNS_KEY_FILE: "AuthKey.p8",
    APNS_CA_FILE: "ca.pem",
    HOME: work,
    PATH: `${work}:${process.env.PATH ?? ""}`,
    PHONE: phone,
    OLD_PHONE: gone
  }
  mkdirSync(folder, { recursive: true })
  for (const { name, commands } of pictures) {
    const screen = yield* Effect.promise(() => record({ script: commands.map(typed).join("; echo; "), cwd: work, env }))
    writeFileSync(join(folder, `${name}.svg`), svg(screen, commands.join("; ")))
    console.log(`${name}: ${screen.length} lines`)
  }
})

await Effect.runPromise(take.pipe(Effect.scoped, Effect.provide(Simulator.layer())))
