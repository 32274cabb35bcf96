/** Clients that nobody here wrote, set up as their users set them up: with the CA and the key that the simulator tells. */
import { execFile, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import type { Received } from "@effect-apns/simulator"
import apn from "@parse/node-apn"
import { ApnsClient, type ApnsError, Notification, PushType } from "apns2"
import { Effect } from "effect"
import { device, providerToken, topic } from "../support.ts"
import { type Control, controlled } from "./support.ts"

const gone = "cd".repeat(32)

const apnsHeaders = (received: Received | undefined) =>
  Object.fromEntries((received?.headers ?? []).filter(([name]) => name.startsWith("apns-")))

const ofPaths = (received: ReadonlyArray<Received>) =>
  received.map(({ device, answer }) => [device, answer._tag === "answered" ? answer.status : answer.why])

describe("@parse/node-apn", () => {
  const provided = <A, E>(use: (control: Control, provider: apn.Provider) => Effect.Effect<A, E>) =>
    controlled((control) => {
      const { host, port, managementPort, ca, key } = control.simulator
      const provider = Effect.acquireRelease(
        Effect.sync(
          () =>
            new apn.Provider({
              token: { key: key.privateKey, keyId: key.keyId, teamId: key.teamId },
              address: host,
              port,
              manageChannelsAddress: host,
              manageChannelsPort: managementPort,
              ca: [ca],
              production: false
            })
        ),
        (provider) => Effect.sync(() => provider.shutdown())
      )
      return Effect.flatMap(provider, (provider) => use(control, provider))
    })

  const note = () => {
    const made = new apn.Notification({ alert: { title: "Hello", body: "Grüße 😀" }, badge: 1, sound: "ping.aiff" })
    made.topic = topic
    made.collapseId = "greeting"
    made.payload = { order: 42 }
    return made
  }

  it.live("is accepted, and told of devices that are gone", () =>
    provided(({ simulator }, provider) =>
      Effect.gen(function* () {
        yield* simulator.register({ state: "unregistered", token: gone, since: 1_767_225_600_000 })
        const first = yield* Effect.promise(() => provider.send(note(), device))
        assert.strictEqual(first.sent[0]?.device, device)
        const second = yield* Effect.promise(() => provider.send(note(), gone))
        assert.deepInclude(second.failed[0], { device: gone, status: 410 })
        assert.strictEqual(second.failed[0]?.response?.reason, "Unregistered")
        const [received] = yield* simulator.inbox.entries({ order: "oldest" })
        assert.deepInclude(apnsHeaders(received), {
          "apns-topic": topic,
          "apns-collapse-id": "greeting",
          // It always says what is the default, and names no push type unless it is told one.
          "apns-priority": "10"
        })
        assert.deepInclude(JSON.parse(received?.body ?? ""), { order: 42 })
      })
    )
  )

  it.live("opens more streams than APNs allows on a new connection, and has them refused as APNs refuses them", () =>
    provided(({ simulator }, provider) =>
      Effect.gen(function* () {
        const devices = Array.from({ length: 50 }, (_, index) => (index + 16).toString(16).repeat(32))
        const { sent, failed } = yield* Effect.promise(() => provider.send(note(), devices))
        // Apple allows one stream until a token was accepted. Node's client opens up to 100 before it has read the limit, and
        // node-apn does not send a refused one again.
        assert.strictEqual(sent.length + failed.length, 50)
        assert.isTrue(failed.every(({ error }) => String(error).includes("NGHTTP2_REFUSED_STREAM")))
        assert.strictEqual((yield* simulator.connections).at(-1)?.excessStreams, failed.length)
        const { sent: later } = yield* Effect.promise(() => provider.send(note(), devices))
        assert.strictEqual(later.length, 50)
      })
    )
  )
})

describe("apns2", () => {
  it.live("is accepted, and told of devices that are gone", () =>
    controlled(({ simulator }) =>
      Effect.gen(function* () {
        const { host, port, ca, key } = simulator
        const client = new ApnsClient({
          team: key.teamId,
          keyId: key.keyId,
          signingKey: key.privateKey,
          defaultTopic: topic,
          keepAlive: false
        })
        // Its port is fixed to 443: another pool of its own kind takes its place.
        const { client: pool } = client
        const Pool = pool.constructor as new (origin: string, options: object) => typeof pool
        yield* Effect.promise(() => pool.close())
        Object.assign(client, { client: new Pool(`https://${host}:${port}`, { allowH2: true, connect: { ca } }) })
        yield* Effect.addFinalizer(() => Effect.promise(() => client.destroy()))

        yield* simulator.register({ state: "unregistered", token: gone, since: 1_767_225_600_000 })
        const alert = { alert: { title: "Hello", body: "World" }, type: PushType.alert, collapseId: "greeting" }
        yield* Effect.promise(() => client.send(new Notification(device, alert)))
        const failed = yield* Effect.flip(
          Effect.tryPromise({
            try: () => client.send(new Notification(gone, alert)),
            catch: (error) => error as ApnsError
          })
        )
        assert.deepInclude(failed, { statusCode: 410 })
        assert.deepStrictEqual(failed.response, { reason: "Unregistered", timestamp: 1_767_225_600_000 })
        const received = yield* simulator.inbox.entries({ order: "oldest" })
        assert.deepStrictEqual(ofPaths(received), [
          [device, 200],
          [gone, 410]
        ])
        assert.deepInclude(apnsHeaders(received[0]), {
          "apns-topic": topic,
          "apns-push-type": "alert",
          "apns-collapse-id": "greeting"
        })
      })
    )
  )
})

const said = (program: string, args: ReadonlyArray<string>, pattern: RegExp) => {
  const { stdout, stderr } = spawnSync(program, args, { encoding: "utf8" })
  return pattern.test(`${stdout ?? ""}${stderr ?? ""}`)
}

const executed = (program: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = process.env) =>
  Effect.callback<string, Error>((resume) => {
    execFile(program, args, { env }, (error, stdout, stderr) =>
      resume(error === null ? Effect.succeed(stdout) : Effect.fail(new Error(`${error.message}\n${stderr}`)))
    )
  })

const withCa = <A, E>(ca: string, use: (file: string, folder: string) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-apns-"))),
    (folder) => {
      const file = join(folder, "ca.pem")
      writeFileSync(file, ca)
      return use(file, folder)
    },
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  )

describe.skipIf(!said("curl", ["--version"], /nghttp2/))("curl --http2", () => {
  it.live("is accepted, with the CA's file and a token", () =>
    controlled(({ simulator }) =>
      withCa(simulator.ca, (file) =>
        Effect.gen(function* () {
          const push = (token: string) =>
            executed("curl", [
              ...["--silent", "--show-error", "--http2", "--cacert", file],
              ...["--header", `authorization: bearer ${providerToken(simulator.key)}`],
              ...["--header", `apns-topic: ${topic}`, "--header", "apns-push-type: alert"],
              ...["--data", '{"aps":{"alert":"hi"}}', "--write-out", "%{http_code} %{http_version}"],
              `https://${simulator.host}:${simulator.port}/3/device/${token}`
            ])
          assert.strictEqual(yield* push(device), "200 2")
          yield* simulator.register({ state: "unregistered", token: gone, since: 1_767_225_600_000 })
          assert.strictEqual(yield* push(gone), '{"reason":"Unregistered","timestamp":1767225600000}410 2')
        })
      )
    )
  )

  it.live("sends again what was exported for it", () =>
    controlled(({ ask, client, simulator }) =>
      withCa(simulator.ca, (file) =>
        Effect.gen(function* () {
          const body = JSON.stringify({ aps: { alert: 'It\'s $HOME `id` \\ "quoted"\nGrüße 😀 [1-3]{a,b}' } })
          yield* client.push({ body, headers: { "apns-collapse-id": "a'b$c" } })
          const { text } = yield* ask("/api/received/1/export?as=curl")
          const command = text.replace("'ca.pem'", `'${file}' --silent --fail`)
          const env = { ...process.env, APNS_TOKEN: providerToken(simulator.key) }
          yield* executed("sh", ["-c", command], env)
          const [again, original] = yield* simulator.inbox.entries()
          assert.strictEqual(again?.body, original?.body)
          assert.deepStrictEqual(apnsHeaders(again), apnsHeaders(original))
        })
      )
    )
  )
})

describe.skipIf(!said("nghttp", ["--version"], /nghttp2/))("nghttp", () => {
  it.live("is accepted", () =>
    controlled(({ simulator }) =>
      withCa(simulator.ca, (_, folder) =>
        Effect.gen(function* () {
          const body = join(folder, "body.json")
          writeFileSync(body, '{"aps":{"alert":"hi"}}')
          const output = yield* executed("nghttp", [
            ...["--verbose", "--data", body],
            ...["--header", `authorization: bearer ${providerToken(simulator.key)}`],
            ...["--header", `apns-topic: ${topic}`, "--header", "apns-push-type: alert"],
            `https://${simulator.host}:${simulator.port}/3/device/${device}`
          ])
          assert.match(output, /:status: 200/)
          assert.match(output, /SETTINGS_MAX_CONCURRENT_STREAMS\(0x03\):1\]/)
          const [received] = yield* simulator.inbox.entries()
          assert.strictEqual(received?.body, '{"aps":{"alert":"hi"}}')
        })
      )
    )
  )
})
