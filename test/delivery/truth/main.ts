/** `pnpm delivery:truth`: kills, freezes and starves real workers on real stores, and proves that nothing is lost. */
import { Effect, Exit, Fiber } from "effect"
import { type Options, readOptions, usage } from "./options.ts"
import { kinds } from "./places.ts"
import { table } from "./report.ts"
import { broken, type Report, run } from "./run.ts"

const all = Effect.fnUntraced(function* ({ json, run: options, stores }: Options) {
  const reports: Array<Report> = []
  for (const kind of kinds.filter(({ name }) => stores.includes(name))) {
    if (!kind.isPresent) {
      console.error(`${kind.name} is not installed on this machine, and left out`)
      continue
    }
    const onRow = (store: string, fault: string, seconds: number) =>
      console.error(`${store}, ${fault}: ${seconds.toFixed(1)} s`)
    reports.push(yield* Effect.scoped(run(kind, options, onRow)))
  }
  const failures = reports.flatMap(broken)
  if (json) process.stdout.write(`${JSON.stringify({ options, reports, broken: failures }, null, 2)}\n`)
  else {
    const slowest = Math.max(...reports.map(({ slowestEnd }) => slowestEnd)).toFixed(1)
    const verdict = failures.length === 0 ? ["Every promise was kept."] : ["Broken:", ...failures]
    process.stdout.write(
      `${table(reports)}\n\nSeed ${options.seed}. Workers that were asked to end took ${slowest} s at most.\n${verdict.join("\n")}\n`
    )
  }
  return failures.length === 0
})

const start = async (options: Options): Promise<number> => {
  const fiber = Effect.runFork(all(options))
  const interrupt = () => fiber.interruptUnsafe()
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt)
  const exit = await Effect.runPromise(Fiber.await(fiber))
  if (Exit.isSuccess(exit)) return exit.value ? 0 : 1
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Fail") console.error(reason.error.message)
    if (reason._tag === "Die") console.error(reason.defect)
  }
  return 1
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) process.stdout.write(usage)
  else process.exitCode = await start(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
