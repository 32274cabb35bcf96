/** `pnpm storm`: sends notifications through faults and proves what became of each. */
import { Effect, Exit, Fiber } from "effect"
import { type Options, readOptions, usage } from "./options.ts"
import { type PeerReport, peerStorm } from "./peerStorm.ts"
import { faultTable, outcomeTable, peerTable, remarks } from "./report.ts"
import { type StormReport, storm } from "./storm.ts"

const all = Effect.fnUntraced(function* ({ clients, json, replays, storm: options }: Options) {
  const reports: Array<StormReport> = []
  const peers: Array<PeerReport> = []
  for (const client of clients) {
    if (client !== "ours") peers.push(yield* peerStorm(client, { ...options, replayUnknown: false }))
    else for (const replayUnknown of replays) reports.push(yield* storm({ ...options, replayUnknown }))
  }
  const ours = reports.find((report) => !report.options.replayUnknown)
  const tables = [
    ...(reports.length === 0 ? [] : [faultTable(reports), outcomeTable(reports)]),
    ...(peers.length === 0 ? [] : [peerTable(ours, peers)]),
    ...reports.map(remarks)
  ]
  process.stdout.write(json ? `${JSON.stringify({ storms: reports, peers }, null, 2)}\n` : `${tables.join("\n\n")}\n`)
  return reports.every(({ broken }) => broken.length === 0)
})

const run = async (options: Options): Promise<number> => {
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
  else process.exitCode = await run(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
