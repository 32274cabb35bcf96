/** The machine and the software that were measured. No name, path or address of it. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { availableParallelism, cpus, release, totalmem, type } from "node:os"
import { dirname, join } from "node:path"
import { Effect } from "effect"
import { canPin, find } from "./processes.ts"

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly openssl: string
  readonly pinned: boolean
  /** The share of its cores that other work took just before the benchmark; above a few per cent, figures are noise. */
  readonly busy: number
  /** Name and version of what took part, beside Node. */
  readonly software: Readonly<Record<string, string>>
}

const said = (program: string, args: ReadonlyArray<string>, pattern: RegExp): string | undefined => {
  const { stdout, stderr } = spawnSync(program, args, { encoding: "utf8" })
  return pattern.exec(`${stdout}${stderr}`)?.[1]
}

/** A package's version, wherever its package.json hides behind `exports`. */
const installed = (name: string): string | undefined => {
  const require = createRequire(import.meta.url)
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8")).version
    } catch {}
  }
  return undefined
}

const undiciOf = (name: string): string | undefined => {
  try {
    const require = createRequire(createRequire(import.meta.url).resolve(name))
    return JSON.parse(readFileSync(join(dirname(require.resolve("undici")), "package.json"), "utf8")).version
  } catch {
    return undefined
  }
}

const cpuTimes = () => {
  const times = cpus().map((cpu) => cpu.times)
  const idle = times.reduce((sum, time) => sum + time.idle, 0)
  return { idle, all: times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0) }
}

/** Watches the cores for a second. */
export const measureBusy: Effect.Effect<number> = Effect.gen(function* () {
  const before = cpuTimes()
  yield* Effect.sleep("1 second")
  const after = cpuTimes()
  const all = after.all - before.all
  return all <= 0 ? 0 : 1 - (after.idle - before.idle) / all
})

export const describeMachine = (busy: number): Machine => {
  const nginx = find("nginx")
  const versions: Record<string, string | undefined> = {
    nginx: nginx === undefined ? undefined : said(nginx, ["-v"], /nginx\/([\d.]+)/),
    h2load: said("h2load", ["--version"], /nghttp2\/([\d.]+)/),
    effect: installed("effect"),
    "@parse/node-apn": installed("@parse/node-apn"),
    apns2: installed("apns2"),
    hapns: installed("hapns"),
    undici: undiciOf("apns2")
  }
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release().split("-")[0]}`,
    node: process.versions.node,
    openssl: process.versions.openssl,
    pinned: canPin,
    busy,
    software: Object.fromEntries(
      Object.entries(versions).flatMap(([name, version]) => (version === undefined ? [] : [[name, version]]))
    )
  }
}
