/** Sends the rows of an input, and tells what became of each. */
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
import { ExitCode } from "../ExitCode.ts"
import { badInput, type Failure } from "../Failure.ts"
import { count, group } from "../numbers.ts"
import { Process } from "../Process.ts"
import { resolved, settingsLayer } from "../Settings.ts"
import { style } from "../Style.ts"
import { quoted } from "../shell.ts"
import { beginning, openJournal } from "./beginning.ts"
import { check } from "./check.ts"
import { shown } from "./columns.ts"
import { Feed } from "./feed.ts"
import { isFile, nameOf, open } from "./input.ts"
import { type Journal, unwritableJournal } from "./journal.ts"
import { type BulkInput, checkFlags, get, readTemplate, saidOf } from "./options.ts"
import { type Format, formatOf, Output } from "./output.ts"
import { Progress } from "./progress.ts"
import { deadColumns, headingOf, resultColumns } from "./results.ts"
import { commonOf, Rows } from "./rows.ts"
import { Recorder, type Target } from "./sending.ts"
import { type Summary, summaryJson, summaryTable } from "./summary.ts"
import { exitCodeOf, Tally } from "./tally.ts"

/** The command that was called, to go on. */
const commandWith = ({ argv }: Process, ...flags: ReadonlyArray<string>): string => {
  const words = argv.slice(2)
  return ["apns", ...words, ...flags.filter((flag) => !words.includes(flag))].map(quoted).join(" ")
}

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
    const process = yield* Process
    const giveUp = () => worker.interruptUnsafe()
    process.once("SIGINT", giveUp)
    process.once("SIGTERM", giveUp)
    run.progress.say(`Stopping: ${group(run.feed.underWay)} under way are waited for. Ctrl-C again gives them up.`)
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
  process: Process,
  { feed, flags, journal, recorder, targets }: Run,
  resumeFile: string | undefined,
  isEndedByInput: boolean
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
    // The same input would end at the same place.
    if (!isEndedByInput) lines.push(`To ${isAllSent ? "send" : "go on"}: ${commandWith(process, ...flags)}`)
  } else if (journal === undefined && recorder.halted !== undefined) {
    lines.push(`${nameOf(flags.input)} cannot be resumed: the results say what was sent.`)
  }
  return lines
}

/** Prints on standard output. Nobody has to read it; but where it cannot be kept, as on a full disk, says so. */
const print = (text: string): Effect.Effect<Failure | undefined, Failure> =>
  Effect.gen(function* () {
    const output = yield* Output.open("-", { append: false, heading: `${text}\n` })
    yield* output.flush
    return output.isAbandoned ? undefined : output.failure
  })

/** Whether the input ended it, and not what was to be written. */
const isUnreadable = (cause: Cause.Cause<Failure>): boolean =>
  Option.exists(Cause.findErrorOption(cause), ({ exitCode }) => exitCode === ExitCode.badInput)

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
    const lines = remarks(yield* Process, run, resumeFile, Exit.isFailure(exit) && isUnreadable(exit.cause))
    if (flags.json) recorder.failure ??= yield* print(summaryJson(summary))
    else if (get(flags.results) === "-") yield* Console.error(summaryTable(summary, yield* style("stderr")))
    else recorder.failure ??= yield* print(summaryTable(summary, yield* style("stdout")))
    if (lines.length > 0) yield* Console.error(lines.join("\n"))
    for (const target of run.targets) target?.output.close()
    if (failed) return yield* Effect.failCause(exit.cause)
    if (recorder.failure !== undefined) return yield* recorder.failure
    if (isInterrupted) return yield* Effect.interrupt
    const mayHaveArrived = resumeFile !== undefined && (run.journal?.known.unknown ?? 0) > 0
    return yield* endWith(mayHaveArrived ? ExitCode.unknown : exitCodeOf(tally))
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
    const progress = new Progress(
      {
        tally,
        position: () => feed.position,
        size: input.size,
        quiet,
        process: yield* Process,
        style: yield* style("stderr")
      },
      startedMillis
    )
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
    const { stderr, stdout } = yield* Process
    for (const stream of [stdout, stderr]) stream.on("error", () => {})
    const { replayUnknown } = flags
    const live = Apns.layerConfig({ replayUnknown }).pipe(Layer.provide(settingsLayer(flags)))
    yield* Effect.scoped(send(flags)).pipe(Effect.provide(live))
  }).pipe(Effect.provide(quietly))
