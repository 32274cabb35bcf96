/** The programs of docs/shutting-down.md, each a process that is told to stop while APNs has not answered. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { request } from "node:http"
import type { ServerHttp2Stream } from "node:http2"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { folder } from "../cli/support/folder.ts"
import { nodeServer } from "../http2/support/servers.ts"
import { examples } from "../support/examples.ts"
import { freePort } from "../support/freePort.ts"
import { processEnvironment } from "../support/processEnvironment.ts"
import { p8 } from "../support/tenants.ts"
import { moment, until } from "../support/waiting.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const programs = examples().filter(({ origin }) => origin.startsWith("docs/shutting-down.md"))

/** The only program of the page with this in it. */
const programWith = (text: string) => {
  const [found, another] = programs.filter(({ code }) => code.includes(text))
  if (found === undefined || another !== undefined) throw new Error(`not one program with ${text}`)
  return found.code
}

/** A server in the place of APNs, which answers when it is told to, and a program that sends to it. */
const running = Effect.fnUntraced(function* (code: string) {
  const held: Array<ServerHttp2Stream> = []
  let asked = 0
  let isAnswering = false
  const answer = (stream: ServerHttp2Stream) => stream.respond({ ":status": 200 }, { endStream: true })
  const apns = yield* Effect.acquireRelease(
    Effect.promise(() =>
      nodeServer((stream) => {
        asked++
        stream.resume()
        if (isAnswering) answer(stream)
        else held.push(stream)
      })
    ),
    (server) => Effect.promise(() => server.stop())
  )
  const port = yield* Effect.promise(freePort)
  const ca = join(yield* folder, "ca.pem")
  writeFileSync(ca, apns.ca)
  const said = { out: "", errors: "" }
  let ended: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--input-type=module-typescript", "--eval", code], {
        cwd: root,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          ...processEnvironment,
          PORT: String(port),
          APNS_HOST: apns.host,
          APNS_PORT: String(apns.port),
          APNS_CA_FILE: ca,
          APNS_TEAM_ID: "ABCDE12345",
          APNS_KEY_ID: "KEY1234567",
          APNS_KEY: p8(),
          APNS_TOPIC: "com.example.app"
        }
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  child.stdout.on("data", (text) => (said.out += text))
  child.stderr.on("data", (text) => (said.errors += text))
  child.once("close", (code, signal) => (ended = { code, signal }))
  return {
    port,
    said,
    asked: () => asked,
    /** How it ended: waits until it has. */
    end: Effect.map(
      until(() => ended !== undefined),
      () => ended
    ),
    stop: () => child.kill("SIGTERM"),
    answer: () => {
      isAnswering = true
      for (const stream of held.splice(0)) answer(stream)
    }
  }
})

/** Without an agent it does not keep its connection, for which the server would wait. */
const post = async (port: number) => {
  const asked = request({ port, host: "127.0.0.1", method: "POST", path: "/welcome/7a1f", agent: false }).end()
  const [response] = await once(asked, "response")
  return text(response)
}

/** Asks until the server is there, and once it is told to stop until it is not. */
const isListening = (port: number) =>
  Effect.promise(() =>
    fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false
    )
  )
const untilListening = (port: number, expected: boolean): Effect.Effect<void> =>
  Effect.flatMap(isListening(port), (is) =>
    is === expected ? Effect.void : Effect.andThen(moment, untilListening(port, expected))
  )

describe("told to stop while a notification is in flight,", { timeout: 120_000 }, () => {
  for (const framework of ["express", "fastify"]) {
    it.live(`a server of ${framework} answers with its outcome, and ends`, () =>
      Effect.gen(function* () {
        const { answer, asked, end, port, said, stop } = yield* running(programWith(`from "${framework}"`))
        yield* untilListening(port, true)
        const response = post(port)
        yield* until(() => asked() === 1)
        stop()
        yield* untilListening(port, false)
        answer()
        assert.strictEqual(yield* Effect.promise(() => response), "accepted")
        assert.deepStrictEqual(yield* end, { code: 0, signal: null })
        assert.strictEqual(said.errors, "")
      }).pipe(Effect.scoped)
    )
  }

  it.live("a program under runMain hears its outcome, and ends", () =>
    Effect.gen(function* () {
      const { answer, asked, end, said, stop } = yield* running(programWith("Effect.forever"))
      yield* until(() => asked() === 1)
      stop()
      for (let turn = 0; turn < 50; turn++) yield* moment
      assert.strictEqual(said.out, "")
      answer()
      assert.deepStrictEqual(yield* end, { code: 130, signal: null })
      assert.match(said.out, /^accepted [-0-9a-f]{36}\n$/)
      assert.strictEqual(asked(), 1)
    }).pipe(Effect.scoped)
  )

  it.live("sendAll ends with the results of what it took, and the program says so", () =>
    Effect.gen(function* () {
      const { answer, asked, end, said, stop } = yield* running(programWith("sendAll("))
      yield* until(() => asked() === 10)
      stop()
      for (let turn = 0; turn < 50; turn++) yield* moment
      answer()
      assert.deepStrictEqual(yield* end, { code: 130, signal: null })
      const counts: Readonly<Record<string, number>> = JSON.parse(said.out)
      assert.strictEqual(counts.accepted, asked())
      assert.deepStrictEqual(
        Object.keys(counts).filter((outcome) => !["accepted", "unsent"].includes(outcome)),
        []
      )
    }).pipe(Effect.scoped)
  )
})
