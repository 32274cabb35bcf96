/**
 * The passphrase of a certificate: from a file, from the environment, or asked for.
 *
 * @since 0.1.0
 */
import { createInterface } from "node:readline"
import { Writable } from "node:stream"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ApnsError } from "effect-apns"
import { badInput, type Failure } from "./Failure.ts"
import { secretLine } from "./input.ts"
import { Process } from "./Process.ts"

const ways = "Set APNS_CERTIFICATE_PASSPHRASE, or name a file that holds it with --passphrase-file."

/** A line typed on the terminal, which shows none of it. */
const ask = (question: string): Effect.Effect<string, Failure> =>
  Effect.flatMap(Process, ({ stderr, stdin }) =>
    Effect.callback((resume) => {
      const lines = createInterface({
        input: stdin,
        output: new Writable({ write: (_chunk, _encoding, done) => done() }),
        terminal: true
      })
      const end = (outcome: Effect.Effect<string, Failure>) => {
        // Before it is closed, for then there is no line any more.
        resume(outcome)
        lines.close()
      }
      stderr.write(question)
      lines.once("line", (line) => end(Effect.succeed(line)))
      lines.once("SIGINT", () => end(Effect.interrupt))
      lines.once("close", () => {
        stderr.write("\n")
        resume(Effect.fail(badInput("no passphrase was given", ways)))
      })
      return Effect.sync(() => lines.close())
    })
  )

const attempts = 3

const told = (error: ApnsError): Failure | ApnsError =>
  error.reason._tag === "InvalidCredentials" && error.reason.passphrase === "missing"
    ? badInput(error.reason.detail, ways, error)
    : error

/**
 * Opens a file with its passphrase: that of `--passphrase-file`, else of `APNS_CERTIFICATE_PASSPHRASE`, else, where it needs one
 * and there is a terminal, one that is asked for, three times at most.
 *
 * @category constructors
 * @since 0.1.0
 */
export const withPassphrase = <A>(
  passphraseFile: Option.Option<string>,
  open: (passphrase: Redacted.Redacted<string> | undefined) => Effect.Effect<A, ApnsError>
): Effect.Effect<A, Failure | ApnsError> =>
  Effect.gen(function* () {
    const { env, stderr, stdin } = yield* Process
    const variable = env.APNS_CERTIFICATE_PASSPHRASE ?? ""
    const given = Option.isSome(passphraseFile) ? yield* secretLine("passphrase-file", passphraseFile.value) : variable
    const asking = given === "" && stdin.isTTY && stderr.isTTY
    const first = open(given === "" ? undefined : Redacted.make(given))
    return yield* asking ? askedFor(first, open, attempts) : Effect.mapError(first, told)
  })

const askedFor = <A>(
  last: Effect.Effect<A, ApnsError>,
  open: (passphrase: Redacted.Redacted<string>) => Effect.Effect<A, ApnsError>,
  left: number
): Effect.Effect<A, Failure | ApnsError> =>
  Effect.catch(last, (error) => {
    const wanting = error.reason._tag === "InvalidCredentials" ? error.reason.passphrase : undefined
    if (wanting === undefined || left === 0) return Effect.fail(told(error))
    const question = wanting === "wrong" ? "That is not it. Passphrase: " : "Passphrase: "
    return Effect.flatMap(ask(question), (line) => askedFor(open(Redacted.make(line)), open, left - 1))
  })
