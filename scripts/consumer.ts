/**
 * Packs the packages as they would be published, installs the tarballs into a new project with npm, compiles that project
 * strictly against the published types, and runs it.
 */
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const published = ["http2", "apns", "simulator", "delivery", "cli"]
/** The lines of Node that the packages are for. */
const nodes = [22, 24, 26]

const run = (cwd: string, command: string, ...args: ReadonlyArray<string>) => {
  execFileSync(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"], shell: process.platform === "win32" })
}

/** The versions the workspace itself is tested with. */
const catalog = (name: string): string => {
  const found = new RegExp(`^ {2}"?${name}"?: (.+)$`, "m").exec(readFileSync(join(root, "pnpm-workspace.yaml"), "utf8"))
  if (found?.[1] === undefined) throw new Error(`${name} is not in the catalog of pnpm-workspace.yaml`)
  return found[1]
}

const folder = mkdtempSync(join(tmpdir(), "effect-apns-consumer-"))
try {
  run(root, "tsc", "-b", ...published.map((name) => `packages/${name}`))
  run(root, "npm", "run", "--silent", "inbox:build")
  run(root, "node", "scripts/bundle.ts")
  for (const name of published) {
    run(
      join(root, "packages", name),
      "npm",
      "--prefix",
      root,
      "run",
      "--silent",
      "pnpm",
      "--",
      "--silent",
      "--dir",
      join(root, "packages", name),
      "pack",
      "--pack-destination",
      folder
    )
  }
  const tarballs = readdirSync(folder).filter((name) => name.endsWith(".tgz"))
  if (tarballs.length !== published.length) throw new Error(`packed ${tarballs.join(", ")}`)

  cpSync(join(root, "test/e2e/consumer/index.ts"), join(folder, "index.ts"))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }))
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        target: "ES2023",
        module: "NodeNext",
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: false,
        types: ["node"],
        outDir: "out"
      },
      include: ["index.ts"]
    })
  )
  const tools = ["typescript", "effect", "@types/node"].map((name) => `${name}@${catalog(name)}`)
  run(folder, "npm", "install", "--silent", "--prefer-offline", ...tarballs.map((name) => `./${name}`), ...tools)
  if (!existsSync(join(folder, "node_modules/@effect-apns/simulator/dist/inbox/index.html"))) {
    throw new Error("the packed simulator has no web inbox")
  }
  run(folder, "node", "node_modules/typescript/bin/tsc")
  run(folder, "node", "out/index.js")
  for (const major of nodes) {
    const commands = ["node --version", "apns --version", "apns reason Unregistered --json > reason.json"]
    run(folder, "npx", "--yes", "--prefer-offline", `--package=node@${major}`, "-c", commands.join(" && "))
    const said: unknown = JSON.parse(readFileSync(join(folder, "reason.json"), "utf8"))
    if (typeof said !== "object" || said === null || !("status" in said) || said.status !== 410) {
      throw new Error(`apns on Node ${major} says ${JSON.stringify(said)}`)
    }
  }
  console.log(`The packed ${tarballs.join(" and ")} install, compile strictly and send.`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
