/**
 * `h2load` of nghttp2, the load generator in C: the practical limit. It only replays prepared requests; 1000 streams on a
 * connection, one connection for each 2000 of the window, begun ones counted. `apns-id` is the same for all its requests.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Outcome } from "../contract.ts"
import { readH2load, readTime } from "../h2loadOutput.ts"
import { print, readJob } from "./harness.ts"
import { body, fields, id, paths } from "./workload.ts"

const run = (): Outcome => {
  const job = readJob()
  if (job.mode !== "throughput") return { unavailable: `h2load has no mode "${job.mode}"` }
  if (spawnSync("h2load", ["--version"]).error !== undefined) return { unavailable: "h2load is not installed" }
  const timed = spawnSync("/usr/bin/time", ["--version"]).error === undefined
  const folder = mkdtempSync(join(tmpdir(), "apns-bench-h2load-"))
  try {
    const bodyFile = join(folder, "body.json")
    const urlFile = join(folder, "urls")
    const timeFile = join(folder, "time")
    writeFileSync(bodyFile, body)
    writeFileSync(urlFile, paths.map((path) => `${job.url}${path}\n`).join(""))
    const clients = Math.max(1, Math.ceil(job.concurrency / 2_000))
    const command = [
      "h2load",
      ...["-n", String(job.count), "-c", String(clients), "-m", String(Math.min(job.concurrency, 1_000))],
      ...["-d", bodyFile, "-i", urlFile, "-H", ":method: POST"],
      ...Object.entries({ ...fields(job), "apns-id": id() }).flatMap(([name, value]) => ["-H", `${name}: ${value}`])
    ]
    const [program = "", ...args] = timed ? ["/usr/bin/time", "-o", timeFile, "-f", "%U %S %M", ...command] : command
    const { stdout, stderr, status } = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 24 })
    if (status !== 0) return { unavailable: `h2load ended with ${status}: ${stderr.slice(0, 200)}` }
    const outcome = readH2load(stdout)
    return "unavailable" in outcome || !timed ? outcome : { ...outcome, ...readTime(timeFile) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

print(run())
