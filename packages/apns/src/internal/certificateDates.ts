import type { CertificateFacts } from "./certificateFacts.ts"
import type { CredentialsProblem } from "./credentialsProblem.ts"

/** What is wrong with a certificate's dates at a moment, in milliseconds since the epoch. */
export const datesProblem = (
  { commonName, notAfter, notBefore }: CertificateFacts,
  millis: number
): CredentialsProblem | undefined => {
  if (notAfter.getTime() <= millis) {
    return {
      problem: `The certificate "${commonName}" expired at ${notAfter.toISOString()}`,
      cure: "Create a new certificate in the developer account (Certificates page), or move to a token key, which does not expire"
    }
  }
  return notBefore.getTime() > millis
    ? {
        problem: `The certificate "${commonName}" is not valid before ${notBefore.toISOString()}`,
        cure: `Check the clock of this machine: it says ${new Date(millis).toISOString()}`
      }
    : undefined
}
