/** The same storm for another client: the same server, faults and relay; the client in a process of its own. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, type Scope } from "effect"
import { BenchError, start } from "../processes.ts"
import { temporaryFolder } from "../servers.ts"
import { topic } from "./client.ts"
import { judge, type Verdict } from "./judge.ts"
import type { PeerJob, PeerLine } from "./peers/contract.ts"
import { graceMillis } from "./peers/peer.ts"
import type { StormOptions } from "./storm.ts"
import { stormServer } from "./stormServer.ts"

export interface PeerReport extends PeerLine {
  readonly peer: PeerName
  readonly verdict: Verdict
  readonly injectedTotal: number
  readonly received: number
  readonly connections: number
  readonly excessStreams: number
}

export const peers = { "node-apn": "nodeApn", apns2: "apns2" } as const

export type PeerName = keyof typeof peers

const host = "127.0.0.1"

const lineOf = (stdout: string): PeerLine | undefined => {
  const line = stdout.split("\n").findLast((text) => text.startsWith("{"))
  return line === undefined ? undefined : JSON.parse(line)
}

export const peerStorm = Effect.fnUntraced(function* (
  peer: PeerName,
  options: StormOptions
): Effect.fn.Return<PeerReport, BenchError, Scope.Scope> {
  const { concurrency, deadlineMillis, notifications } = options
  const folder = yield* temporaryFolder
  const server = yield* stormServer(options)
  const { ca, key, port } = server.ready
  const file = (name: string, content: string) => {
    const path = join(folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const caFile = file("ca.pem", ca)
  const privateKeyFile = file(`AuthKey_${key.keyId}.p8`, key.privateKey)
  const job: PeerJob = {
    ...{ host, port, url: `https://${host}:${port}`, ca: caFile, topic, notifications, concurrency, deadlineMillis },
    credentials: { teamId: key.teamId, keyId: key.keyId, privateKeyFile },
    out: join(folder, "said")
  }
  const program = fileURLToPath(new URL(`./peers/${peers[peer]}.ts`, import.meta.url))
  const running = yield* start({
    command: [process.execPath, program, JSON.stringify(job)],
    env: { NODE_EXTRA_CA_CERTS: caFile }
  })
  yield* Effect.promise(() => running.exited).pipe(Effect.timeoutOption(deadlineMillis + graceMillis + 30_000))
  const line = lineOf(running.stdout())
  if (line === undefined) return yield* new BenchError({ message: `${peer} told nothing: ${running.stderr()}` })
  const { connections, counts, excessStreams, injected, received } = yield* server.calm
  const said = new Uint8Array(readFileSync(job.out))
  const verdict = judge({ said, doubtful: new Uint8Array(notifications), repeated: 0 }, counts, false)
  const injectedTotal = Object.values(injected).reduce((total, count) => total + count, 0)
  return { peer, ...line, verdict, injectedTotal, received, connections, excessStreams }
}, Effect.scoped)
