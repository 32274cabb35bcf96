/** Converts a certificate file to PEM. */
import { resolve } from "node:path"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { badInput } from "../Failure.ts"
import { finding } from "../finding.ts"
import { Process } from "../Process.ts"
import { writePrivately } from "../privateFile.ts"
import { style } from "../Style.ts"
import { cureOf } from "./cures.ts"
import { type FileInput, opened } from "./open.ts"

export interface ConvertInput extends FileInput {
  readonly out: string
  readonly force: boolean
  readonly json: boolean
}

/** What a file would be of no use with: it holds nothing that could be taken for the certificate to send with. */
const hopeless: ReadonlySet<string> = new Set(["foreignKey", "severalPairs"])

export const convert = ({ force, json, out, ...input }: ConvertInput) =>
  Effect.gen(function* () {
    const { stdout } = yield* Process
    const toPipe = out === "-"
    if (toPipe && stdout.isTTY) {
      return yield* badInput("a private key is not printed on a terminal", "Name a file with --out, or use a pipe.")
    }
    if (toPipe && json) {
      return yield* badInput("--json and --out - both write to standard output", "Name a file with --out.")
    }
    const { certificate, certificatePem, chain, key, privateKeyPem, problems } = yield* opened(input)
    const fault = problems.find(({ name }) => hopeless.has(name))
    if (fault !== undefined) return yield* badInput(fault.problem, cureOf(fault))

    const pem = certificatePem + (privateKeyPem === undefined ? "" : Redacted.value(privateKeyPem))
    if (toPipe) yield* Effect.sync(() => stdout.write(pem))
    else yield* writePrivately(resolve(out), pem, { replace: force, cure: "--force replaces it." })

    const look = yield* style("stderr")
    for (const each of problems) yield* Console.error(finding("warn", each.problem, cureOf(each), look))
    if (toPipe) return
    const { commonName } = certificate
    yield* Console.log(
      json
        ? JSON.stringify({ out: resolve(out), commonName, chain: chain.length, key: key === "matching" }, null, 2)
        : `${out}: ${commonName}, ${key === "matching" ? "with" : "without"} its private key, mode 600`
    )
  })
