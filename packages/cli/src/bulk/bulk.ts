/** Sends the rows of an input, and tells what became of each. */
import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Apns, type ApnsError, sendAll } from "effect-apns"
import { type Ended, endWith } from "../Ending.ts"
import { badInput, type Failure } from "../Failure.ts"
import { resolved, type SettingFlags, settingsLayer } from "../Settings.ts"
import { style } from "../Style.ts"
import { check } from "./check.ts"
import { shown } from "./columns.ts"
import { Feed } from "./feed.ts"
import { isFile, nameOf, open, tieOf } from "./input.ts"
import { Journal, Known, readJournal, type Tie, unwritableJournal } from "./journal.ts"
import { count, group } from "./numbers.ts"
import { type Format, formatOf, Output } from "./output.ts"
import { Progress } from "./progress.ts"
import { deadColumns, headingOf, resultColumns } from "./results.ts"
import { commonOf, parseJson, Rows, type Said } from "./rows.ts"
import { Recorder, type Target } from "./sending.ts"
import { type Summary, summaryJson, summaryTable } from "./summary.ts"
import { exitCodeOf, Tally } from "./tally.ts"
import { compile, type Template } from "./template.ts"

export interface BulkInput extends SettingFlags {
  readonly input: string
  readonly format: Option.Option<Format>
  readonly template: Option.Option<string>
  readonly pushType: string
  readonly collapseId: Option.Option<string>
  readonly expiration: Option.Option<string>
  readonly priority: Option.Option<string>
  readonly rate: Option.Option<number>
  readonly concurrency: Option.Option<number>
  readonly results: Option.Option<string>
  readonly resultsFormat: Option.Option<Format>
  readonly failedOnly: boolean
  readonly deadTokens: Option.Option<string>
  readonly strict: boolean
  readonly resume: boolean
  readonly resumeFile: Option.Option<string>
  readonly replayUnknown: boolean
  readonly quiet: boolean
  readonly json: boolean
}

const get = Option.getOrUndefined

const readTemplate = (path: string): Effect.Effect<Template, Failure> =>
  Effect.gen(function* () {
    const text = yield* Effect.try({
      try: () => readFileSync(path === "-" ? 0 : path, "utf8"),
      catch: (cause) => {
        const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"
        return badInput(
          `the template ${path} cannot be read (${code === "ENOENT" ? "it does not exist" : code})`,
          undefined,
          cause
        )
      }
    })
    const { problem, value } = parseJson(text)
    if (problem !== undefined) return yield* badInput(`the template ${path} ${problem}`)
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return yield* badInput(
        `the template ${path} is not an object`,
        'Give a payload, such as {"aps": {"alert": "Hello"}}.'
      )
    }
    return compile(value)
  })

const saidOf = (flags: BulkInput): Said => ({
  pushType: flags.pushType,
  priority: get(flags.priority),
  expiration: get(flags.expiration),
  collapseId: get(flags.collapseId)
})

const checkFlags = (flags: BulkInput): Failure | undefined => {
  const rate = get(flags.rate) ?? 1
  const concurrency = get(flags.concurrency) ?? 1
  if (rate <= 0) return badInput("--rate is not above 0", "Give how many rows a second.")
  if (concurrency < 1) return badInput("--concurrency is not above 0", "Give how many may be under way.")
  if (flags.json && get(flags.results) === "-") {
    return badInput("--json and --results - both want standard output", "Write the results to a file.")
  }
  const written = [get(flags.results), get(flags.deadTokens)].filter((path) => path !== undefined && path !== "-")
  const paths = [flags.input, get(flags.template), ...written].filter((path) => path !== undefined && path !== "-")
  const twice = paths.find((path, at) =>
    paths.some((other, index) => index < at && resolve(other ?? "") === resolve(path ?? ""))
  )
  if (twice !== undefined)
    return badInput(`${twice} is named twice`, "Input, template and results are files of their own.")
  if (flags.input === "-" && get(flags.template) === "-") {
    return badInput("rows and template cannot both come from standard input", "Give one of them as a file.")
  }
  return undefined
}

/** A word as a shell reads it back. */
const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

/** The command that was called, to go on. */
const commandWith = (...flags: ReadonlyArray<string>): string => {
  const words = process.argv.slice(2)
  return ["apns", ...words, ...flags.filter((flag) => !words.includes(flag))].map(quoted).join(" ")
}

/** What the resume file will say at first. */
interface Beginning {
  readonly path: string
  readonly tie: Tie
  readonly known: Known
}

/** Where a run begins: at the first row, or where an earlier one stopped; nothing for what cannot be read again. */
const beginning = (flags: BulkInput, format: Format): Effect.Effect<Beginning | undefined, Failure> =>
  Effect.gen(function* () {
    const given = get(flags.resumeFile)
    if (!(yield* isFile(flags.input))) {
      if (!flags.resume && given === undefined) return undefined
      return yield* badInput(`${nameOf(flags.input)} cannot be resumed: it cannot be read again`, "Save it to a file.")
    }
    const path = given ?? `${flags.input}.resume.json`
    if (!flags.resume && existsSync(path)) {
      return yield* badInput(
        `${path} is there: an earlier run has not sent all of this input`,
        "--resume goes on. To send everything again, remove that file first."
      )
    }
    if (!flags.resume) return { path, tie: yield* tieOf(flags.input, format), known: new Known() }
    const { input, known } = yield* Effect.fromResult(readJournal(path))
    const tie = yield* tieOf(flags.input, format)
    if (input.bytes !== tie.bytes || input.sha256 !== tie.sha256) {
      return yield* badInput(
        `${flags.input} has changed since ${path} was written`,
        "Rows are counted, so only the unchanged input can be resumed. Send what is left of it as a new input."
      )
    }
    if (input.format !== format) {
      return yield* badInput(`${path} is of the same input read as ${input.format}`, `Give --format ${input.format}.`)
    }
    return { path, tie, known }
  })

const openJournal = ({ known, path, tie }: Beginning): Effect.Effect<Journal, Failure> =>
  Effect.try({ try: () => new Journal(path, tie, known), catch: (cause) => unwritableJournal(path, cause) })

const openTarget = (
  path: string | undefined,
  given: Format | undefined,
  columns: ReadonlyArray<string>,
  append: boolean
): Effect.Effect<Target | undefined, Failure> => {
  if (path === undefined) return Effect.undefined
  const format = formatOf(path, given)
  return Effect.map(Output.open(path, { append, heading: headingOf(format, columns) }), (output) => ({
    output,
    format
  }))
}

const drawEveryMillis = 100
const flushEveryMillis = 250

/** Everything of one run that its end needs. */
interface Run {
  readonly flags: BulkInput
  readonly feed: Feed
  readonly recorder: Recorder
  readonly progress: Progress
  readonly journal: Journal | undefined
  readonly tally: Tally
  readonly startedMillis: number
  readonly targets: ReadonlyArray<Target | undefined>
}

/** Waits for what is under way. A second Ctrl-C does not. */
const drain = (run: Run, worker: Fiber.Fiber<unknown, unknown>): Effect.Effect<void> =>
  Effect.gen(function* () {
    run.feed.stop()
    run.progress.say(`Stopping: ${group(run.feed.underWay)} under way are waited for. Ctrl-C again gives them up.`)
    const giveUp = () => worker.interruptUnsafe()
    process.once("SIGINT", giveUp)
    process.once("SIGTERM", giveUp)
    yield* Fiber.await(worker)
    process.off("SIGINT", giveUp)
    process.off("SIGTERM", giveUp)
  })

/** Leaves or removes the resume file; says where it is if there is something left. */
const closeJournal = ({ feed, journal, recorder }: Run): string | undefined => {
  if (journal === undefined) return undefined
  const { known } = journal
  try {
    const isComplete = feed.isExhausted && recorder.failure === undefined && known.given.size === known.done.size
    if (isComplete || known.given.size === 0) {
      journal.remove()
      return undefined
    }
    journal.leave()
  } catch (cause) {
    recorder.failure ??= unwritableJournal(journal.path, cause)
  }
  return journal.path
}

/** What to say after the summary. */
const remarks = (
  { feed, flags, journal, recorder, targets }: Run,
  resumeFile: string | undefined
): ReadonlyArray<string> => {
  const lines: Array<string> = []
  if (recorder.halted !== undefined) {
    const { _tag, cure, detail } = recorder.halted
    lines.push(`Halted: every further row would meet ${_tag}: ${detail}.`, cure)
  }
  for (const target of targets) {
    if (target !== undefined && target.output.lost > 0) {
      lines.push(`${count(target.output.lost, "line")} could not be written to ${target.output.name}.`)
    }
  }
  if (resumeFile !== undefined && journal !== undefined) {
    const { again, unknown } = journal.known
    const isAllSent = feed.isExhausted && again.size === 0
    if (unknown > 0) {
      lines.push(
        `${count(unknown, "row")} may have arrived; only --replay-unknown sends ${unknown === 1 ? "it" : "them"} again.`
      )
    }
    const flags = isAllSent ? ["--resume", "--replay-unknown"] : ["--resume"]
    lines.push(`To ${isAllSent ? "send" : "go on"}: ${commandWith(...flags)}`)
  } else if (journal === undefined && recorder.halted !== undefined) {
    lines.push(`${nameOf(flags.input)} cannot be resumed: the results say what was sent.`)
  }
  return lines
}

const conclude = (
  run: Run,
  exit: Exit.Exit<void, Failure>,
  isInterrupted: boolean
): Effect.Effect<void, Failure | Ended> =>
  Effect.gen(function* () {
    const { feed, flags, progress, recorder, startedMillis, tally } = run
    const isGivenUp = Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
    if (isGivenUp) recorder.giveUp()
    yield* recorder.flush
    const seconds = ((yield* Clock.currentTimeMillis) - startedMillis) / 1000
    const resumeFile = closeJournal(run)
    progress.clear()
    const failed = Exit.isFailure(exit) && !isGivenUp
    const stopped = isInterrupted ? "interrupted" : recorder.halted !== undefined ? "halted" : undefined
    const summary: Summary = {
      tally,
      seconds,
      skipped: feed.skipped,
      stopped: failed || recorder.failure !== undefined ? "failed" : stopped,
      resumeFile
    }
    const lines = remarks(run, resumeFile)
    if (flags.json) yield* Console.log(summaryJson(summary))
    else if (get(flags.results) === "-") yield* Console.error(summaryTable(summary, style("stderr")))
    else yield* Console.log(summaryTable(summary, style("stdout")))
    if (lines.length > 0) yield* Console.error(lines.join("\n"))
    for (const target of run.targets) target?.output.close()
    if (failed) return yield* Effect.failCause(exit.cause)
    if (recorder.failure !== undefined) return yield* recorder.failure
    if (isInterrupted) return yield* Effect.interrupt
    return yield* endWith(exitCodeOf(tally))
  })

const send = (flags: BulkInput): Effect.Effect<void, Failure | Ended, Apns | Scope.Scope> =>
  Effect.gen(function* () {
    const template = Option.isNone(flags.template) ? undefined : yield* readTemplate(flags.template.value)
    const said = saidOf(flags)
    const common = commonOf(said)
    if (Result.isFailure(common)) return yield* badInput(`--${common.failure.column} ${common.failure.problem}`)
    const inputOptions = () => ({
      path: flags.input,
      format: get(flags.format),
      rows: new Rows({ said, template }, common.success),
      template
    })
    if (flags.strict) {
      if (!(yield* isFile(flags.input))) {
        return yield* badInput(
          `--strict reads the input twice, and ${nameOf(flags.input)} can be read once`,
          "Save it to a file."
        )
      }
      yield* check(inputOptions(), (yield* resolved(flags)).APNS_TOPIC)
    }
    const options = inputOptions()
    const input = yield* open(options)
    const begin = yield* beginning(flags, input.format)
    const results = yield* openTarget(get(flags.results), get(flags.resultsFormat), resultColumns, flags.resume)
    const deadTokens = yield* openTarget(get(flags.deadTokens), undefined, deadColumns, flags.resume)
    // Last of all: from here on there is something to resume.
    const journal = begin === undefined ? undefined : yield* openJournal(begin)
    const tally = new Tally()
    const concurrency = get(flags.concurrency)
    const feed: Feed = new Feed({
      input,
      journal,
      replayUnknown: flags.replayUnknown,
      rate: get(flags.rate),
      concurrency,
      onBadRow: (row) => recorder.onBadRow(row)
    })
    const { failedOnly, quiet } = flags
    const recorder = new Recorder({ results, deadTokens, failedOnly, journal, tally, rows: options.rows }, feed)
    const startedMillis = yield* Clock.currentTimeMillis
    const progress = new Progress({ tally, position: input.position, size: input.size, quiet }, startedMillis)
    if (input.unused.length > 0) progress.say(`Nothing reads the columns ${input.unused.map(shown).join(", ")}.`)
    const run: Run = {
      flags,
      feed,
      recorder,
      progress,
      journal,
      tally,
      startedMillis,
      targets: [results, deadTokens]
    }

    const every = (millis: number, what: Effect.Effect<void>) =>
      Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(millis), what)))
    yield* every(
      drawEveryMillis,
      Effect.map(Clock.currentTimeMillis, (now) => progress.show(now))
    )
    yield* every(flushEveryMillis, recorder.flush)

    const sending = sendAll(feed.notifications, { concurrency }).pipe(Stream.runForEachArray(recorder.onResults))
    yield* Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const worker = yield* Effect.forkDetach(Effect.interruptible(sending))
        const ended = yield* Effect.exit(restore(Fiber.await(worker)))
        const isInterrupted = Exit.isFailure(ended)
        if (isInterrupted) yield* drain(run, worker)
        yield* conclude(run, yield* Fiber.await(worker), isInterrupted)
      })
    )
  })

/** The library's own log would get between the results. */
const quietly = Logger.layer([])

export const bulk = (flags: BulkInput): Effect.Effect<void, Failure | ApnsError | Ended> =>
  Effect.gen(function* () {
    const wrong = checkFlags(flags)
    if (wrong !== undefined) return yield* wrong
    // Who reads no further what is told here does not mean that the sending should end.
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
    const { replayUnknown } = flags
    const live = Apns.layerConfig({ replayUnknown }).pipe(Layer.provide(settingsLayer(flags)))
    yield* Effect.scoped(send(flags)).pipe(Effect.provide(live))
  }).pipe(Effect.provide(quietly))
