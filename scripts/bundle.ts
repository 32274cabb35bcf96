/**
 * Bundles the `apns` command, as it is published and tested: one file for what every command needs, others that are loaded when
 * they are called, the version written into them, and beside them the web inbox and the licences of all that is inside.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { type OutputChunk, type Plugin, type PluginContext, rolldown } from "rolldown"

const root = fileURLToPath(new URL("..", import.meta.url))
const cli = join(root, "packages/cli")
/** Beside its files stands `inbox/`, where the simulator looks for its page. */
const output = join(cli, "dist")

const manifestOf = (folder: string): Readonly<Record<string, unknown>> =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))

/** The folder of the package that a file is in. */
const packageOf = (file: string): string => {
  let folder = dirname(file)
  while (!existsSync(join(folder, "package.json")) || manifestOf(folder).name === undefined) folder = dirname(folder)
  return folder
}

const versionFile = /\/packages\/\w+\/src\/(?:internal\/)?version\.ts$/

/** In place of a look into package.json, which is elsewhere then. */
const versions: Plugin = {
  name: "versions",
  load: {
    filter: { id: versionFile },
    handler: (id) => `export const version = ${JSON.stringify(manifestOf(packageOf(id)).version)}`
  }
}

/** Parts of Node that take 7 to 14 ms to load, and that most command lines never use. */
const seldomUsed = new Set(["node:child_process", "node:crypto", "node:readline"])

/** A module of Node's that is loaded when something of it is used. */
const lazyModule = `export const lazy = (id) => {
  const module = () => process.getBuiltinModule(id)
  return new Proxy({}, {
    get: (_, name) => module()[name],
    has: (_, name) => name in module(),
    ownKeys: () => Reflect.ownKeys(module()),
    getOwnPropertyDescriptor: (_, name) => ({ ...Reflect.getOwnPropertyDescriptor(module(), name), configurable: true })
  })
}`

/**
 * Node's own modules are taken as objects. An `import` looks at everything they export, and so has Node load the rest of itself:
 * `node:util` brings workers, `node:http` a web client.
 */
const builtins: Plugin = {
  name: "builtins",
  transform: {
    filter: { id: /\.[jt]s$/, code: /^import (?:\* as|\{)[^;]*? from "node:/m },
    handler: (code) => {
      const taken = code
        .replaceAll(/^import \* as (\w+) from "(node:[\w/]+)"/gm, (_, name: string, id: string) =>
          seldomUsed.has(id) ? `const ${name} = lazy("${id}")` : `const ${name} = process.getBuiltinModule("${id}")`
        )
        .replaceAll(/^import \{([^}]*)\} from ("node:[\w/]+")/gm, (_, names: string, id: string) => {
          const values = names.replaceAll(/\btype \w+,?/g, "").replaceAll(/\b(\w+) as (\w+)/g, "$1: $2")
          return `const {${values}} = process.getBuiltinModule(${id})`
        })
      // At the end, so that the lines stay where they are, and with them the source maps.
      return { code: `${taken}\nimport { lazy } from "virtual:lazy"`, map: null }
    }
  },
  resolveId: { filter: { id: /^virtual:lazy$/ }, handler: (id) => id },
  load: { filter: { id: /^virtual:lazy$/ }, handler: () => lazyModule }
}

/** Text that V8 keeps, hashes and reads a byte a character: one character beyond ASCII doubles the file. */
const ascii = (code: string): string =>
  code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** What files import in the end, without what is loaded when it is called. */
const reachedFrom = (
  files: ReadonlyArray<string>,
  context: Pick<PluginContext, "getModuleInfo">
): ReadonlySet<string> => {
  const reached = new Set<string>()
  const add = (id: string) => {
    if (reached.has(id)) return
    reached.add(id)
    for (const imported of context.getModuleInfo(id)?.importedIds ?? []) add(imported)
  }
  files.forEach(add)
  return reached
}

const licences = (chunks: ReadonlyArray<OutputChunk>): string => {
  const folders = new Set(
    chunks.flatMap(({ moduleIds }) => moduleIds.filter((id) => id.includes("/node_modules/")).map(packageOf))
  )
  const texts = [...folders].map((folder) => {
    const { license, name, version } = manifestOf(folder)
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each))
    const text = file === undefined ? `Licence: ${license}` : readFileSync(join(folder, file), "utf8").trim()
    return `${name} ${version}\n\n${text}\n`
  })
  return [...new Set(texts)].sort().join(`\n${"-".repeat(80)}\n\n`)
}

/** Files of sources that are loaded together, by what loads them: finding and opening one costs a third of a millisecond. */
const files: ReadonlyArray<readonly [name: string, sources: ReadonlyArray<string>]> = [
  ["command", ["run.ts"]],
  ["send", ["send/send.ts", "Profiles.ts"]]
]

const fileOf = () => {
  const reached = new Map<string, ReadonlySet<string>>()
  return (id: string, context: Pick<PluginContext, "getModuleInfo">): string | null => {
    for (const [name, sources] of files) {
      const ids =
        reached.get(name) ??
        reachedFrom(
          sources.map((source) => join(cli, "src", source)),
          context
        )
      reached.set(name, ids)
      if (ids.has(id)) return name
    }
    return null
  }
}

export const bundle = async (): Promise<void> => {
  const build = await rolldown({
    input: { main: join(cli, "src/main.ts") },
    platform: "node",
    plugins: [versions, builtins],
    onLog: (level, log) => {
      // Circles and evals of packages that nobody here wrote.
      if (level === "warn" && !/node_modules/.test(`${log.id} ${log.message}`)) console.warn(log.message)
    }
  })
  rmSync(output, { recursive: true, force: true })
  const written = await build.write({
    dir: output,
    format: "esm",
    sourcemap: true,
    minify: { compress: true, mangle: true, codegen: false },
    chunkFileNames: "[name]-[hash].js",
    codeSplitting: {
      groups: [
        { name: "version", test: versionFile, priority: 1 },
        { name: fileOf(), debugName: "loaded together" }
      ]
    }
  })
  await build.close()
  writeFileSync(
    join(output, "LICENCES.txt"),
    licences(written.output.filter((each): each is OutputChunk => each.type === "chunk"))
  )
  for (const each of written.output) {
    if (each.type === "chunk") writeFileSync(join(output, each.fileName), ascii(each.code))
  }
  const inbox = join(root, "packages/simulator/dist/inbox")
  if (existsSync(inbox)) cpSync(inbox, join(output, "inbox"), { recursive: true })
}

if (import.meta.filename === process.argv[1]) await bundle()
