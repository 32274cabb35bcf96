/** Reads a payload, or an `.apns` file, which is one with the app's bundle ID in it. */
import { readFile } from "node:fs/promises"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as ApnsFile from "effect-apns/ApnsFile"
import * as PayloadInspection from "effect-apns/PayloadInspection"
import { badInput, type Failure } from "../Failure.ts"
import { codeOf, standardInput } from "../input.ts"

export interface PayloadFile {
  readonly payload: Schema.JsonObject
  /** The app that an `.apns` file names. */
  readonly bundleId?: string | undefined
  /** How large it is as it stands, white space and all. */
  readonly fileBytes: number
}

const contentOf = (path: string): Effect.Effect<Buffer, Failure> =>
  path === "-"
    ? standardInput("payload on standard input", "Give the path of a file, or write the payload to standard input.")
    : Effect.tryPromise({
        try: () => readFile(path),
        catch: (cause) => badInput(`${path} cannot be read (${codeOf(cause)})`, "Check the path.", cause)
      })

/** Fails with the line and column of what is not JSON. `path` is `-` for standard input. */
export const readPayload = (path: string): Effect.Effect<PayloadFile, Failure> =>
  Effect.gen(function* () {
    const content = yield* contentOf(path)
    const name = path === "-" ? "standard input" : path
    const read = PayloadInspection.read(content)
    if (Result.isFailure(read)) {
      const { cure, position, problem } = read.failure
      const at = position === undefined ? "" : ` (line ${position.line}, column ${position.column})`
      return yield* badInput(`${name} ${problem}${at}`, cure, read.failure)
    }
    const fileBytes = content.length
    if (!Object.hasOwn(read.success, ApnsFile.bundleIdKey)) return { payload: read.success, fileBytes }
    const file = ApnsFile.read(content)
    if (Result.isSuccess(file)) return { ...file.success, fileBytes }
    return yield* badInput(`${name} ${file.failure.problem}`, file.failure.cure, file.failure)
  })
