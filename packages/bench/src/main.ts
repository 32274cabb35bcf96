/** `pnpm bench`: runs the benchmark, prints its tables, and writes its figures. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Exit, Fiber } from "effect"
import { describeMachine, measureBusy } from "./machine.ts"
import type { Measurement, Results } from "./measurement.ts"
import { type Options, readOptions, usage } from "./options.ts"
import { page } from "./page.ts"
import { choose } from "./registry.ts"
import { sections, terminalReport } from "./report.ts"
import { runAll } from "./runs.ts"
import { plot } from "./svg.ts"

const fromRoot = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

const write = (file: string, content: string) => {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}

const writeDocs = (results: Results) => {
  const throughput = sections(results.measurements).find(({ id }) => id === "throughput")
  write(fromRoot("docs/benchmarks.svg"), plot(throughput?.rows ?? [], "Notifications per second, one process, nginx"))
  write(fromRoot("docs/benchmarks.md"), page(results, "benchmarks.svg"))
}

const bench = Effect.fnUntraced(function* (options: Options) {
  const clients = choose(options.clients, options.external)
  const measurements: Array<Measurement> = []
  const busy = yield* measureBusy
  if (busy > 0.05) {
    console.error(`Other work takes ${Math.round(busy * 100)} % of this machine: the figures will be noise.`)
  }
  const startedAt = new Date()
  yield* Effect.scoped(runAll(options, clients, (measurement) => measurements.push(measurement)))
  const results: Results = {
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1_000,
    quick: options.quick,
    machine: describeMachine(busy),
    measurements
  }
  const file = options.json === undefined ? fromRoot("packages/bench/results/latest.json") : resolve(options.json)
  write(file, `${JSON.stringify(results, null, 2)}\n`)
  process.stdout.write(`\n${terminalReport(measurements)}\n`)
  if (options.docs) writeDocs(results)
})

const run = async (options: Options): Promise<number> => {
  const fiber = Effect.runFork(bench(options))
  const interrupt = () => fiber.interruptUnsafe()
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt)
  const exit = await Effect.runPromise(Fiber.await(fiber))
  if (Exit.isSuccess(exit)) return 0
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Fail") console.error(reason.error.message)
    if (reason._tag === "Die") console.error(reason.defect)
  }
  return 1
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) process.stdout.write(usage)
  else if (options.list) {
    for (const { id, label } of choose([], options.external)) process.stdout.write(`${id.padEnd(20)}${label}\n`)
  } else if (options.render !== undefined) writeDocs(JSON.parse(readFileSync(options.render, "utf8")))
  else process.exitCode = await run(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
