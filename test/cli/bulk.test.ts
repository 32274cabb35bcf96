import { execFileSync, spawn } from "node:child_process"
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, type Scope } from "effect"
import { hurried, type Options, run } from "./support/commandLine.ts"
import { folder } from "./support/folder.ts"
import { localVariables, topic } from "./support/local.ts"
import { main, start } from "./support/process.ts"

const token = (n: number) => n.toString(16).padStart(64, "0")

const tokens = (count: number) => Array.from({ length: count }, (_, at) => token(at))

const sale = JSON.stringify({ aps: { alert: "Sale" } })

/** A directory with files, and the variables of a simulator. */
const setUp = (files: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    const cwd = yield* folder
    const env = yield* localVariables
    for (const [name, text] of Object.entries({ "sale.json": sale, ...files })) writeFileSync(join(cwd, name), text)
    const at = (name: string) => join(cwd, name)
    const apns = (args: ReadonlyArray<string>, options: Options = {}) =>
      run(["bulk", ...args], { cwd, env, ...options })
    const begin = (args: ReadonlyArray<string>) => start(["bulk", ...args], { cwd, env })
    const lines = (name: string): ReadonlyArray<Record<string, unknown>> =>
      (existsSync(at(name)) ? readFileSync(at(name), "utf8") : "")
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    const text = (name: string) => readFileSync(at(name), "utf8")
    return { apns, at, begin, cwd, env, lines, text }
  })

/** How often each device was sent to. */
const arrivals = Effect.gen(function* () {
  const counts = new Map<string, number>()
  for (const { device = "" } of yield* (yield* Simulator).received) counts.set(device, (counts.get(device) ?? 0) + 1)
  return counts
})

const until = (isSo: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (isSo() ? Effect.void : Effect.andThen(Effect.sleep(10), until(isSo))))

const live = <A, E>(title: string, test: () => Effect.Effect<A, E, Simulator | Scope.Scope>) =>
  it.live(title, () => Effect.provide(test(), Simulator.layer()), 120_000)

describe("apns bulk", () => {
  live("sends one payload to a list of tokens", () =>
    Effect.gen(function* () {
      const { apns, at, lines } = yield* setUp({ "tokens.txt": `${tokens(20).join("\n")}\n` })
      const { code, stderr, stdout } = yield* apns(["tokens.txt", "--template", "sale.json", "--results", "out.ndjson"])
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      assert.match(stdout, /^OUTCOME +REASON +ROWS\naccepted +20\n\n20 rows in \d+\.\d s/)
      const received = yield* (yield* Simulator).received
      assert.deepStrictEqual(received.map(({ device }) => device).sort(), tokens(20))
      for (const { body, pushType } of received) assert.deepStrictEqual([body, pushType], [sale, "alert"])
      const results = lines("out.ndjson")
      assert.deepStrictEqual(
        results
          .map(({ device, line, outcome }) => ({ device, line, outcome }))
          .sort((a, b) => Number(a.line) - Number(b.line)),
        tokens(20).map((device, index) => ({ device, line: index + 1, outcome: "accepted" }))
      )
      assert.deepStrictEqual(
        new Set(results.map(({ apnsId }) => apnsId)),
        new Set(received.map(({ apnsId }) => apnsId))
      )
      assert.isFalse(existsSync(at("tokens.txt.resume.json")))
    })
  )

  live("sends each row's values, and what a row says of its own", () =>
    Effect.gen(function* () {
      const template = { aps: { alert: { title: "Hi {{name}}", body: "{{n}} left" }, badge: "{{n:json}}" } }
      const { apns, text } = yield* setUp({
        "hello.json": JSON.stringify(template),
        "users.csv": `device;name;n;push-type;priority;note\r\n${token(1)};"Zoë; ""Z""";3;;5;x\r\n${token(2)};Al;1;background;;x\r\n`
      })
      const flags = ["--collapse-id", "hello", "--expiration", "once", "--results", "out.csv"]
      const { code, stderr } = yield* apns(["users.csv", "--template", "hello.json", ...flags])
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: 'Nothing reads the columns "note".\n' })
      const received = [...(yield* (yield* Simulator).received)].sort((a, b) =>
        (a.device ?? "").localeCompare(b.device ?? "")
      )
      assert.deepStrictEqual(JSON.parse(received[0]?.body ?? ""), {
        aps: { alert: { title: 'Hi Zoë; "Z"', body: "3 left" }, badge: 3 }
      })
      const header = (name: string) => received.map(({ headers }) => headers.find(([each]) => each === name)?.[1])
      assert.deepStrictEqual(header("apns-push-type"), ["alert", "background"])
      assert.deepStrictEqual(header("apns-priority"), ["5", "5"])
      assert.deepStrictEqual(header("apns-collapse-id"), ["hello", "hello"])
      assert.deepStrictEqual(header("apns-expiration"), ["0", "0"])
      const [heading, ...results] = text("out.csv").trimEnd().split("\n")
      assert.strictEqual(heading, "line,device,outcome,apnsId,reason,detail,since")
      assert.deepStrictEqual(results.map((line) => line.split(",").slice(0, 3).join()).sort(), [
        `2,${token(1)},accepted`,
        `3,${token(2)},accepted`
      ])
    })
  )

  live("sends whole notifications from standard input, and goes on after a bad row, naming its line", () =>
    Effect.gen(function* () {
      const rows: Array<string> = [1, 2, 3].map((n) =>
        JSON.stringify({ device: token(n), payload: { aps: { badge: n } } })
      )
      rows.push("", JSON.stringify({ device: token(4), payload: { x: 1 }, "push-type": "voip", topic }))
      rows.push(JSON.stringify({ device: token(5), paylod: {} }))
      rows.push(`{"device": "${token(6)}", oops}`, JSON.stringify({ device: token(8), payload: {}, priority: 7 }))
      rows.push(JSON.stringify({ device: "xyz", payload: {} }), JSON.stringify({ payload: {} }))
      const { apns } = yield* setUp({})
      const { code, stderr, stdout } = yield* apns(["-", "--results", "-"], { stdin: rows.join("\n") })
      assert.strictEqual(code, 2)
      const results = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
        .sort((a, b) => a.line - b.line)
      assert.deepStrictEqual(
        results.map(({ detail, line, outcome }) => [line, outcome, detail]),
        [
          [1, "accepted", undefined],
          [2, "accepted", undefined],
          [3, "accepted", undefined],
          [5, "accepted", undefined],
          [6, "invalid", 'has an unknown key "paylod". Did you mean payload?'],
          [7, "invalid", "is not JSON: expected a key in double quotes, at column 80"],
          [8, "invalid", 'column priority: is "7"; alert takes 10 or 5 or 1'],
          [9, "invalid", results[7].detail],
          [10, "invalid", "column device: is missing"]
        ]
      )
      assert.include(results[7].detail, "is not hexadecimal")
      assert.include(stderr, "InvalidRow")
      const received = yield* (yield* Simulator).received
      assert.strictEqual(received.find(({ device }) => device === token(4))?.topic, `${topic}.voip`)
    })
  )

  live("tells the outcomes, and lists dead tokens", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.register({ state: "unregistered", token: token(1) })
      const { apns, lines, text } = yield* setUp({ "tokens.txt": tokens(3).join("\n") })
      const files = ["--results", "out.ndjson", "--dead-tokens", "dead.csv", "--failed-only"]
      const { code, stdout } = yield* apns(["tokens.txt", "--template", "sale.json", "--json", ...files])
      assert.strictEqual(code, 3)
      const summary = JSON.parse(stdout)
      assert.deepInclude(summary, { total: 3, accepted: 2, refused: 1, deadTokens: 1, stopped: null, resumeFile: null })
      assert.deepInclude(summary.reasons[0], { outcome: "refused", reason: "Unregistered", count: 1 })
      const [heading, dead] = text("dead.csv").split("\n")
      assert.strictEqual(heading, "device,reason,since")
      assert.match(dead ?? "", new RegExp(`^${token(1)},Unregistered,\\d{4}-\\d\\d-\\d\\dT`))
      assert.deepStrictEqual(
        lines("out.ndjson").map(({ device, line, outcome, reason }) => [device, line, outcome, reason]),
        [[token(1), 2, "refused", "Unregistered"]]
      )
    })
  )

  live("goes on after Ctrl-C, and sends each exactly once", () =>
    Effect.gen(function* () {
      const { apns, at, begin, lines } = yield* setUp({ "tokens.txt": tokens(400).join("\n") })
      const args = ["tokens.txt", "--template", "sale.json", "--results", "out.ndjson"]
      const first = yield* begin([...args, "--rate", "100"])
      yield* until(() => lines("out.ndjson").length >= 50)
      first.signal("SIGINT")
      const stopped = yield* first.ended
      assert.strictEqual(stopped.code, 130, stopped.stderr)
      assert.include(stopped.stderr, "under way are waited for")
      assert.include(stopped.stderr, `To go on: apns bulk ${args.join(" ")} --rate 100 --resume`)
      const before = lines("out.ndjson").length
      assert.isBelow(before, 400)
      assert.deepInclude(JSON.parse(readFileSync(at("tokens.txt.resume.json"), "utf8")), { again: "" })

      const forgotten = yield* apns(args)
      assert.strictEqual(forgotten.code, 2)
      assert.include(forgotten.stderr, "--resume goes on")

      const second = yield* apns([...args, "--resume"])
      assert.strictEqual(second.code, 0, second.stderr)
      assert.include(second.stdout, `${before} rows left out, of an earlier run`)
      const counts = yield* arrivals
      assert.deepStrictEqual([...counts.keys()].sort(), tokens(400))
      for (const [device, count] of counts) assert.strictEqual(count, 1, device)
      assert.deepStrictEqual(
        lines("out.ndjson")
          .map(({ device }) => device)
          .sort(),
        tokens(400)
      )
      assert.isFalse(existsSync(at("tokens.txt.resume.json")))
    })
  )

  live("sends nothing twice after it was killed, and what may have arrived only when it is asked to", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const { apns, begin, lines } = yield* setUp({ "tokens.txt": tokens(300).join("\n") })
      const args = ["tokens.txt", "--template", "sale.json", "--results", "out.ndjson"]
      const first = yield* begin([...args, "--rate", "100"])
      yield* until(() => lines("out.ndjson").length >= 20)
      yield* simulator.inject({ times: 10, effect: { _tag: "silence" } })
      const already = (yield* simulator.received).length
      yield* simulator.awaitReceived(already + 10)
      first.signal("SIGKILL")
      yield* first.ended
      const sent = yield* arrivals

      const second = yield* apns([...args, "--resume"])
      assert.strictEqual(second.code, 5, second.stderr)
      const counts = yield* arrivals
      for (const [device, count] of counts) assert.strictEqual(count, 1, device)
      const unsure = Number(/(\d+) rows may have arrived/.exec(second.stderr)?.[1])
      assert.isAtLeast(unsure, 10)
      assert.isAtLeast(counts.size, 300 - unsure)
      for (const device of sent.keys()) assert.strictEqual(counts.get(device), 1)

      const third = yield* apns([...args, "--resume", "--replay-unknown"])
      assert.strictEqual(third.code, 0, third.stderr)
      assert.include(third.stdout, `accepted ${String(unsure).padStart(44)}\n`)
      assert.deepStrictEqual([...(yield* arrivals).keys()].sort(), tokens(300))
    })
  )

  live("gives up what is under way at a second Ctrl-C, and says so of each", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({ times: 10, effect: { _tag: "silence" } })
      const { begin, lines, text } = yield* setUp({ "tokens.txt": tokens(10).join("\n") })
      const running = yield* begin(["tokens.txt", "--template", "sale.json", "--results", "out.ndjson"])
      yield* simulator.awaitReceived(10)
      running.signal("SIGTERM")
      yield* until(() => running.stderr().includes("Stopping"))
      running.signal("SIGINT")
      const { code, stderr, stdout } = yield* running.ended
      assert.strictEqual(code, 130)
      assert.match(stdout, /unknown +Interrupted +10\n/)
      assert.include(stderr, "10 rows may have arrived")
      assert.deepStrictEqual(
        lines("out.ndjson").map(({ outcome, reason }) => `${outcome} ${reason}`),
        Array.from({ length: 10 }, () => "unknown Interrupted")
      )
      assert.deepInclude(JSON.parse(text("tokens.txt.resume.json")), { given: "0-9", done: "", again: "" })
    })
  )

  live("stops at a fault of the configuration, says it once, and goes on when it is mended", () =>
    Effect.gen(function* () {
      const { apns, env } = yield* setUp({ "tokens.txt": tokens(5000).join("\n") })
      const args = ["tokens.txt", "--template", "sale.json", "--concurrency", "50"]
      const { code, stderr } = yield* apns(args, { env: { ...env, APNS_TEAM_ID: "WRONGTEAM1" } })
      assert.strictEqual(code, 4)
      assert.strictEqual(stderr.split("Halted: every further row would meet InvalidProviderToken").length, 2, stderr)
      assert.isBelow((yield* (yield* Simulator).received).length, 500)
      const mended = yield* apns([...args, "--resume"])
      assert.strictEqual(mended.code, 0, mended.stderr)
      assert.match(mended.stdout, /accepted +5,000\n/)
    })
  )

  live("stops at a rule that all rows break alike, and goes on when it is mended", () =>
    Effect.gen(function* () {
      const { apns, env } = yield* setUp({ "tokens.txt": tokens(5000).join("\n") })
      const { APNS_TOPIC: _, ...noTopic } = env
      const args = ["tokens.txt", "--template", "sale.json"]
      const { code, stderr } = yield* apns([...args, "--concurrency", "50"], { env: noTopic })
      assert.strictEqual(code, 2)
      assert.include(stderr, "Halted: every further row would meet InvalidNotification: topic is missing")
      const mended = yield* apns([...args, "--resume"])
      assert.match(mended.stdout, /accepted +5,000\n/)
    })
  )

  live("goes on with other topics where the rows name them", () =>
    Effect.gen(function* () {
      const rows = tokens(40).map((device, at) => `${device},${at % 2 === 0 ? topic : "com.example.other"}`)
      const { apns } = yield* setUp({ "users.csv": ["device,topic", ...rows].join("\n") })
      const simulator = yield* Simulator
      yield* simulator.addScenario({
        id: "other",
        match: { topic: "com.example.other" },
        effect: { _tag: "reject", reason: "TopicDisallowed" }
      })
      const { code, stdout } = yield* apns(["users.csv", "--template", "sale.json", "--concurrency", "4"])
      assert.strictEqual(code, 4)
      assert.match(stdout, /accepted +20\n/)
      assert.match(stdout, /unsent +Halted/)
    })
  )

  live("stops when its results cannot be written, and tells how to go on", () =>
    Effect.gen(function* () {
      const { apns, begin, text } = yield* setUp({ "tokens.txt": tokens(2000).join("\n") })
      const full = yield* apns(["tokens.txt", "--template", "sale.json", "--results", "/dev/full", "--rate", "500"])
      assert.strictEqual(full.code, 1)
      assert.include(full.stderr, "apns: /dev/full cannot be written (the disk is full, ENOSPC).\n")
      assert.include(full.stderr, "--resume\n")
      assert.isBelow((yield* arrivals).size, 2000)

      const closed = yield* begin([
        "tokens.txt",
        "--template",
        "sale.json",
        "--results",
        "-",
        "--rate",
        "500",
        "--resume"
      ])
      closed.closeOutput()
      const { code, stderr } = yield* closed.ended
      assert.strictEqual(code, 1)
      assert.include(stderr, "apns: standard output cannot be written (its reader has gone, EPIPE).\n")

      const rest = yield* apns(["tokens.txt", "--template", "sale.json", "--resume"])
      assert.strictEqual(rest.code, 0, rest.stderr)
      for (const [device, count] of yield* arrivals) assert.strictEqual(count, 1, device)
      assert.strictEqual((yield* arrivals).size, 2000)
      assert.throws(() => text("tokens.txt.resume.json"))
    })
  )

  live("goes on when nobody reads what it tells", () =>
    Effect.gen(function* () {
      const rows = tokens(3).map((device) => `${device},x`)
      const { begin, lines } = yield* setUp({ "users.csv": ["device,note", ...rows].join("\n") })
      const running = yield* begin(["users.csv", "--template", "sale.json", "--results", "out.ndjson"])
      running.closeOutput()
      running.closeErrors()
      assert.strictEqual((yield* running.ended).code, 0)
      assert.lengthOf(lines("out.ndjson"), 3)
    })
  )

  live("says so when its summary cannot be kept, with everything sent", () =>
    Effect.gen(function* () {
      const { cwd, env } = yield* setUp({ "tokens.txt": tokens(3).join("\n") })
      const full = openSync("/dev/full", "w")
      const child = spawn(process.execPath, [main, "bulk", "tokens.txt", "--template", "sale.json"], {
        cwd,
        env: { PATH: process.env.PATH ?? "", HOME: cwd, ...env },
        stdio: ["ignore", full, "pipe"]
      })
      let stderr = ""
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        stderr += text
      })
      const code = yield* Effect.promise(() => new Promise((resolve) => child.once("close", resolve)))
      closeSync(full)
      assert.deepStrictEqual(
        { code, stderr },
        { code: 1, stderr: "apns: standard output cannot be written (the disk is full, ENOSPC).\n" }
      )
      assert.strictEqual((yield* arrivals).size, 3)
    })
  )

  live("ends at Ctrl-C while it waits for standard input", () =>
    Effect.gen(function* () {
      const { begin, lines } = yield* setUp({})
      const running = yield* begin(["-", "--template", "sale.json", "--results", "out.ndjson"])
      running.write(`${tokens(3).join("\n")}\n`)
      yield* until(() => lines("out.ndjson").length === 3)
      running.signal("SIGINT")
      const { code, stdout } = yield* running.ended
      assert.strictEqual(code, 130)
      assert.match(stdout, /accepted +3\n/)
    })
  )

  live("reads a pipe, and does not wait for it at Ctrl-C", () =>
    Effect.gen(function* () {
      const { at, begin, lines } = yield* setUp({})
      execFileSync("mkfifo", [at("pipe")])
      const running = yield* begin(["pipe", "--template", "sale.json", "--results", "out.ndjson"])
      const writer = yield* Effect.acquireRelease(
        Effect.promise(() => open(at("pipe"), "w")),
        (file) => Effect.promise(() => file.close())
      )
      yield* Effect.promise(() => writer.write(`${tokens(3).join("\n")}\n`))
      yield* until(() => lines("out.ndjson").length === 3)
      running.signal("SIGINT")
      assert.strictEqual((yield* running.ended).code, 130)
    })
  )

  live("shows nothing of a device token that stands where a header belongs", () =>
    Effect.gen(function* () {
      const { apns } = yield* setUp({ "odd.csv": `${"ab".repeat(31)}c,x\n` })
      const { code, stderr, stdout } = yield* apns(["odd.csv", "--template", "sale.json"])
      assert.strictEqual(code, 2)
      assert.notInclude(stdout + stderr, "ab".repeat(10))
    })
  )

  live("checks everything first with --strict, and names the lines", () =>
    Effect.gen(function* () {
      const { apns, at } = yield* setUp({
        "rows.csv": ["device,name", `${token(1)},a`, "nothex,b", `${token(2)}`, `${token(3)},c`].join("\n"),
        "hello.json": '{"aps":{"alert":"Hi {{name}}"}}'
      })
      const { code, stderr, stdout } = yield* apns(["rows.csv", "--template", "hello.json", "--strict"])
      assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
      assert.include(stderr, "2 bad rows; nothing was sent")
      assert.match(stderr, /line 3: device noth… is not hexadecimal/)
      assert.include(stderr, "line 4: has 1 fields, and the header 2")
      assert.lengthOf(yield* (yield* Simulator).received, 0)
      assert.isFalse(existsSync(at("rows.csv.resume.json")))
    })
  )

  live("ends at a quote that is never closed, with what came before it sent", () =>
    Effect.gen(function* () {
      const { apns } = yield* setUp({ "users.csv": `device,note\n${token(1)},x\n${token(2)},"x\n${token(3)},x\n` })
      const { code, stderr, stdout } = yield* apns(["users.csv", "--template", "sale.json"])
      assert.strictEqual(code, 2)
      assert.match(stdout, /accepted +1\n/)
      assert.include(stderr, "apns: users.csv: line 3 opens a quote that is not closed.\n")
      assert.notInclude(stderr, "To go on")
      assert.deepStrictEqual([...(yield* arrivals).keys()], [token(1)])
    })
  )

  live("refuses to resume what has changed", () =>
    Effect.gen(function* () {
      const { apns, at } = yield* setUp({
        "tokens.txt": tokens(3).join("\n"),
        "tokens.txt.resume.json":
          '{"version":1,"input":{"bytes":1,"sha256":"00","format":"csv"},"given":"0","done":"0","again":""}\n'
      })
      const { code, stderr } = yield* apns(["tokens.txt", "--template", "sale.json", "--resume"])
      assert.strictEqual(code, 2)
      assert.include(stderr, "tokens.txt has changed since tokens.txt.resume.json was written")
      assert.isTrue(existsSync(at("tokens.txt.resume.json")))
    })
  )

  const wrong: ReadonlyArray<readonly [title: string, args: ReadonlyArray<string>, problem: string, cure?: string]> = [
    ["a missing file", ["none.csv", "--template", "sale.json"], "none.csv cannot be read (it does not exist)"],
    ["a folder", [".", "--template", "sale.json"], ". cannot be read (it is a folder)"],
    ["an empty file", ["empty.csv", "--template", "sale.json"], "empty.csv has no rows"],
    [
      "a wrong column",
      ["wrong.csv", "--template", "sale.json"],
      'wrong.csv: line 1 has no column "device"',
      'the column "devcie"'
    ],
    [
      "a slip in a column",
      ["slip.csv", "--template", "sale.json"],
      'line 1 has an unknown column "colapse-id"',
      "Did you mean collapse-id?"
    ],
    [
      "a column of the template",
      ["list.csv", "--template", "hello.json"],
      'no column "name", which the template reads'
    ],
    ["no payload", ["list.csv"], 'line 1 has no column "payload"', "--template"],
    [
      "a missing template",
      ["list.csv", "--template", "none.json"],
      "the template none.json cannot be read (it does not exist)"
    ],
    [
      "a template that is no JSON",
      ["list.csv", "--template", "broken.json"],
      "the template broken.json is not JSON",
      "line 3, column 2"
    ],
    ["bytes that are not UTF-8", ["utf16.csv", "--template", "sale.json"], "utf16.csv is not UTF-8"],
    ["a priority", ["list.csv", "--template", "sale.json", "--priority", "7"], '--priority is "7"'],
    ["an expiration", ["list.csv", "--template", "sale.json", "--expiration", "soon"], "--expiration is no time"],
    [
      "results over the input",
      ["list.csv", "--template", "sale.json", "--results", "./list.csv"],
      "./list.csv is named twice"
    ],
    [
      "results in no folder",
      ["list.csv", "--template", "sale.json", "--results", "no/out.csv"],
      "no/out.csv cannot be written (its folder does not exist, ENOENT)"
    ],
    ["nothing to resume", ["list.csv", "--template", "sale.json", "--resume"], "there is nothing to resume"]
  ]
  for (const [title, args, problem, cure] of wrong) {
    live(`says what is wrong with ${title}, and sends nothing`, () =>
      Effect.gen(function* () {
        const { apns, at } = yield* setUp({
          "empty.csv": "\n\n",
          "wrong.csv": `devcie\n${token(1)}\n`,
          "slip.csv": `device,colapse-id\n${token(1)},x\n`,
          "list.csv": `device\n${token(1)}\n`,
          "hello.json": '{"aps":{"alert":"{{name}}"}}',
          "broken.json": '{\n"aps": {}\n,}'
        })
        writeFileSync(at("utf16.csv"), Buffer.from(`\ufeffdevice\n${token(1)}\n`, "utf16le"))
        const { code, stderr, stdout } = yield* apns(args)
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" }, stderr)
        assert.include(stderr, problem)
        if (cure !== undefined) assert.include(stderr, cure)
        assert.lengthOf(yield* (yield* Simulator).received, 0)
        assert.isFalse(existsSync(at("list.csv.resume.json")))
      })
    )
  }

  live("shows progress in plain lines where there is no terminal", () =>
    Effect.gen(function* () {
      const { apns } = yield* setUp({ "tokens.txt": tokens(100).join("\n") })
      const { code, stderr } = yield* apns(["tokens.txt", "--template", "sale.json", "--rate", "10"], {
        clock: hurried(5)
      })
      assert.strictEqual(code, 0)
      const [, percent, left] = /^(\d+) %, \d+ rows, \d+\/s(, \d+:\d\d left)?\n/.exec(stderr) ?? []
      assert.isDefined(left, stderr)
      assert.isBelow(Number(percent), 100)
      assert.notInclude(stderr, "\u001b")
    })
  )
})
