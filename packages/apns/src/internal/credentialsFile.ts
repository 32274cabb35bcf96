import { readFile, stat } from "node:fs/promises"
import * as Effect from "effect/Effect"
import type { CredentialsProblem } from "./credentialsProblem.ts"

/** Keys and certificates take a few kilobytes; a larger file is another file. */
const maximumBytes = 1024 * 1024

const explain = (path: string, cause: unknown): CredentialsProblem => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"
  const [what, cure] =
    code === "ENOENT"
      ? ["it does not exist", `Check the path; a relative one starts at ${process.cwd()}`]
      : code === "EISDIR"
        ? ["it is a directory", "Name the file inside it"]
        : code === "EACCES" || code === "EPERM"
          ? ["permission is denied", "Let the user that runs this process read the file"]
          : [code, "Check the path and the disk"]
  return { problem: `The file ${path} cannot be read: ${what}`, cure, cause }
}

/** Reads a credentials file whole. */
export const readCredentialsFile = (path: string): Effect.Effect<Uint8Array, CredentialsProblem> =>
  Effect.tryPromise({ try: () => stat(path), catch: (cause) => explain(path, cause) }).pipe(
    Effect.flatMap((found) =>
      found.size > maximumBytes
        ? Effect.fail<CredentialsProblem>({
            problem: `The file ${path} is no key or certificate: it has ${found.size} bytes`,
            cure: "Name the .p8, .p12 or PEM file; these have a few kilobytes"
          })
        : Effect.tryPromise({ try: () => readFile(path), catch: (cause) => explain(path, cause) })
    )
  )
