import * as Effect from "effect/Effect"
import { readBounded, type Unreadable } from "./boundedFile.ts"
import type { CredentialsProblem } from "./credentialsProblem.ts"
import { isContent, isShowable, shownPath } from "./path.ts"

/** Keys and certificates take a few kilobytes; a larger file is another file. */
const maximumBytes = 1024 * 1024

const reasons: Readonly<Record<string, readonly [what: string, cure: string]>> = {
  EISDIR: ["it is a directory", "Name the file inside it"],
  EACCES: ["permission is denied", "Let the user that runs this process read the file"],
  EPERM: ["permission is denied", "Let the user that runs this process read the file"],
  SILENT: ["nothing comes out of this pipe or terminal", "Name a file, or a pipe that somebody writes to"]
}

const explain = (path: string, { bytes, cause, code }: Unreadable): CredentialsProblem => {
  const shown = shownPath(path)
  if (code === "TOO_LARGE") {
    return {
      problem: `The file ${shown} is no key or certificate: it has ${bytes ?? `more than ${maximumBytes}`} bytes`,
      cure: "Name the .p8, .p12 or PEM file; these have a few kilobytes"
    }
  }
  const absent = isShowable(path)
    ? `Check the path; a relative one starts at ${process.cwd()}`
    : "If this is the text of a key, and not where it is, give it as one"
  const [what, cure] =
    code === "ENOENT" ? ["it does not exist", absent] : (reasons[code] ?? [code, "Check the path and the disk"])
  const problem = `The file ${shown} cannot be read: ${what}`
  // The operating system's error repeats the path.
  return shown === path ? { problem, cure, cause } : { problem, cure }
}

const pasted: CredentialsProblem = {
  problem: "This is what a file holds, where the file's path belongs",
  cure: "Give the path; or the text of a .p8 as `privateKey`, that of a certificate and its key as `pem`"
}

/** Reads a credentials file whole. */
export const readCredentialsFile = (path: string): Effect.Effect<Uint8Array, CredentialsProblem> =>
  isContent(path)
    ? Effect.fail(pasted)
    : Effect.mapError(readBounded(path, maximumBytes), (unreadable) => explain(path, unreadable))
