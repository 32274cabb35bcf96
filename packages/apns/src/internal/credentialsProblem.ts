/**
 * Why a key or certificate cannot be used, and how to mend it. The internal readers fail with this plain value; the
 * public edge turns it into an `InvalidCredentials`, whose message reads "problem. cure": neither text ends with a full
 * stop, and neither holds key material, a passphrase or file contents.
 */
export interface CredentialsProblem {
  readonly problem: string
  readonly cure: string
  readonly cause?: unknown
}
