import { ApnsError } from "../ApnsError.ts"
import { InvalidCredentials } from "../Reason.ts"
import { shownPath } from "./path.ts"

/**
 * Why a key or certificate cannot be used, and how to mend it. The internal readers fail with this plain value; the
 * public edge turns it into an `InvalidCredentials`, whose message reads "problem. cure": neither text ends with a full
 * stop, and neither holds key material, a passphrase or file contents.
 */
export interface CredentialsProblem {
  readonly problem: string
  readonly cure: string
  /** Where the passphrase is what is wrong. */
  readonly passphrase?: "missing" | "wrong" | undefined
  readonly cause?: unknown
}

/** The problem as the public error. */
export const invalidCredentials = ({ cure, ...problem }: CredentialsProblem): ApnsError =>
  new ApnsError({ reason: new InvalidCredentials({ ...problem, cure: `${cure}.` }) })

/** Names the file in a problem of its content. */
export const inFile =
  (path: string) =>
  (problem: CredentialsProblem): CredentialsProblem => ({
    ...problem,
    problem: `${shownPath(path)}: ${problem.problem}`
  })
