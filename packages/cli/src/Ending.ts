/**
 * How a command is run and how it ends: its code is loaded when it is called, its failure is told in one clear line, and the
 * process gets the exit code of that.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type { ApnsError } from "effect-apns"
import { ExitCode } from "./ExitCode.ts"
import { type Failure, ofApnsError } from "./Failure.ts"
import { hushed } from "./hushed.ts"
import { style } from "./Style.ts"

/**
 * The process ends with this code; what there was to say is said.
 *
 * @category errors
 * @since 0.1.0
 */
export class Ended extends Data.TaggedError("Ended")<{ readonly exitCode: ExitCode }> {
  override readonly [Runtime.errorExitCode] = this.exitCode
  override readonly [Runtime.errorReported] = false
}

/**
 * Ends the command with a code, unless that is `ok`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const endWith = (exitCode: ExitCode): Effect.Effect<void, Ended> =>
  exitCode === ExitCode.ok ? Effect.void : Effect.fail(new Ended({ exitCode }))

/**
 * `--verbose`, of every command.
 *
 * @category configuration
 * @since 0.1.0
 */
export const Verbose = GlobalFlag.Setting("verbose")({
  flag: Flag.Boolean("verbose").pipe(Flag.withDefault(false), Flag.withDescription("Tell the cause of a failure, too"))
})

const toldOnStderr = (exitCode: ExitCode, lines: ReadonlyArray<string>) =>
  Effect.andThen(Console.error(hushed(lines.join("\n"))), Effect.fail(new Ended({ exitCode })))

/**
 * Tells a failure on standard error and goes on: for commands that do several things, of which one may fail.
 *
 * @category formatting
 * @since 0.1.0
 */
export const tell = ({ problem, cure, cause }: Failure) =>
  Effect.gen(function* () {
    const { bad, faint } = yield* style("stderr")
    const lines = [`${bad("apns:")} ${problem}.`]
    if (cure !== undefined) lines.push(`      ${cure}`)
    if (cause !== undefined && (yield* Verbose)) lines.push(faint(Cause.pretty(Cause.fail(cause))))
    yield* Console.error(hushed(lines.join("\n")))
  })

/**
 * Tells a failure on standard error, and ends the command with its code.
 *
 * @category formatting
 * @since 0.1.0
 */
export const tellFailure = (failure: Failure) =>
  Effect.andThen(tell(failure), Effect.fail(new Ended({ exitCode: failure.exitCode })))

/** A bug of ours, or something nobody thought of. */
const tellDefect = (cause: Cause.Cause<unknown>) =>
  Effect.gen(function* () {
    const { bad, faint } = yield* style("stderr")
    const [first] = Cause.prettyErrors(cause)
    const lines = [`${bad("apns:")} ${first?.message ?? "something unexpected happened"}`]
    if (yield* Verbose) lines.push(faint(Cause.pretty(cause)))
    else lines.push("      This should not happen. --verbose tells more.")
    return yield* toldOnStderr(ExitCode.failed, lines)
  })

/**
 * A command's handler, loaded when the command is called.
 *
 * **When to use**
 *
 * Use for every command, so that `apns --version` and a completion in the shell load none of them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const lazily =
  <Input, R>(load: () => Promise<(input: Input) => Effect.Effect<void, Failure | ApnsError | Ended, R>>) =>
  (input: Input) =>
    Effect.promise(load).pipe(
      Effect.flatMap((handler) => handler(input)),
      Effect.catchCause((cause) => {
        const error = Cause.findErrorOption(cause)
        if (Option.isNone(error)) {
          return Cause.hasInterruptsOnly(cause) ? Effect.failCause(cause as Cause.Cause<never>) : tellDefect(cause)
        }
        switch (error.value._tag) {
          case "Ended":
            return Effect.fail(error.value)
          case "Failure":
            return tellFailure(error.value)
          case "ApnsError":
            return tellFailure(ofApnsError(error.value))
        }
      })
    )

/**
 * Prints help on standard output when it is asked for, and one line for each wrong argument on standard error.
 *
 * @category layers
 * @since 0.1.0
 */
export const presenter: Layer.Layer<never> = CliOutput.layerPresenter({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.gen(function* () {
          const { bad } = yield* style("stderr")
          const lines = event.errors.map(({ message }) => `${bad("apns:")} ${message.replaceAll(/\s*\n\s*/g, " ")}`)
          lines.push(`      ${event.commandPath.join(" ")} --help shows what there is.`)
          yield* Console.error(hushed(lines.join("\n")))
        })
      : CliOutput.defaultPresenter.present(event)
})

/**
 * Gives wrong arguments the exit code of bad input.
 *
 * @category combinators
 * @since 0.1.0
 */
export const endedBy = <A, E, R>(command: Effect.Effect<A, E, R>) =>
  Effect.catchIf(
    command,
    (error): error is E & CliError.ShowHelp => CliError.isCliError(error) && error._tag === "ShowHelp",
    ({ errors }) => endWith(errors.length === 0 ? ExitCode.ok : ExitCode.badInput)
  )
