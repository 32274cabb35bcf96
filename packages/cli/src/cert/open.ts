/** Reads the certificate file that a command is given. */
import { readFile } from "node:fs/promises"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { type ApnsError, Certificate } from "effect-apns"
import { badInput, type Failure } from "../Failure.ts"
import { codeOf, standardInput } from "../input.ts"
import { withPassphrase } from "../passphrase.ts"

export interface FileInput {
  readonly file: string
  readonly certificateKeyFile: Option.Option<string>
  readonly passphraseFile: Option.Option<string>
}

const keyText = (path: string): Effect.Effect<Redacted.Redacted<string>, Failure> =>
  Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (cause) =>
      badInput(`${path} cannot be read (${codeOf(cause)})`, "Check the path and its permissions.", cause)
  }).pipe(Effect.map((text) => Redacted.make(text, { label: "private key" })))

export const opened = ({
  certificateKeyFile,
  file,
  passphraseFile
}: FileInput): Effect.Effect<Certificate.Inspection, Failure | ApnsError> =>
  Effect.gen(function* () {
    const keyFile = Option.getOrUndefined(certificateKeyFile)
    if (file !== "-") {
      return yield* withPassphrase(passphraseFile, (passphrase) => Certificate.inspect({ file, keyFile, passphrase }))
    }
    const content = yield* standardInput("certificate", "Name its file, or give it on standard input.")
    const key = keyFile === undefined ? undefined : yield* keyText(keyFile)
    return yield* withPassphrase(passphraseFile, (passphrase) => Certificate.inspect({ content, key, passphrase }))
  })
