/** What the peers in the storm share: the window, the deadline, what is written at the end. */
import { writeFileSync } from "node:fs"
import { Outcomes, type Word } from "../outcomes.ts"
import type { PeerJob, PeerLine } from "./contract.ts"

export interface Said {
  readonly word: Extract<Word, "accepted" | "refused" | "failed">
  readonly reason?: string
}

export interface Peer {
  /** Sends a notification; gives what the client says of it, and why. */
  readonly send: (index: number) => Promise<Said>
  readonly version: string
  /** What it was given beside its defaults. */
  readonly settings: string
}

/** How long those under way at the deadline may still take; what then has no result will have none. */
export const graceMillis = 60_000

/** Hands a peer all notifications, `concurrency` at a time, until each is settled or the deadline and the grace are over. */
export const main = async (connect: (job: PeerJob) => Promise<Peer>): Promise<void> => {
  const job: PeerJob = JSON.parse(process.argv.at(-1) ?? "{}")
  const { concurrency, deadlineMillis, notifications, out } = job
  const startedAt = performance.now()
  const outcomes = new Outcomes(notifications)
  const peer = await connect(job)
  let handed = 0
  let uncaught = 0
  const end = () => {
    writeFileSync(out, outcomes.said)
    const seconds = (performance.now() - startedAt) / 1_000
    const reasons = Object.fromEntries([...outcomes.reasons].sort((a, b) => b[1] - a[1]).slice(0, 8))
    const line: PeerLine = { version: peer.version, settings: peer.settings, handed, uncaught, seconds, reasons }
    process.stdout.write(`${JSON.stringify(line)}\n`, () => process.exit(0))
  }
  // It would end a program; here it is counted, so that the storm goes on.
  process.on("uncaughtException", () => {
    uncaught++
  })
  process.on("unhandledRejection", () => {
    uncaught++
  })
  let over = false
  setTimeout(() => {
    over = true
    setTimeout(end, graceMillis)
  }, deadlineMillis)
  const worker = async () => {
    while (handed < notifications && !over) {
      const index = handed++
      const { reason, word } = await peer.send(index)
      outcomes.say(index, word, reason?.slice(0, 100))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  end()
}
