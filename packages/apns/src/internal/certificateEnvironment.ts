import type { CertificateCredentials } from "../Credentials.ts"
import type { Environment } from "../Environment.ts"
import { InvalidCredentials } from "../Reason.ts"

/** What is wrong with a certificate in one of Apple's environments: it is for the other. */
export const wrongEnvironment = (
  { commonName, environments }: CertificateCredentials,
  environment: Environment
): InvalidCredentials | undefined => {
  // A certificate that names no environment may still be good for one: then APNs decides.
  if (typeof environment !== "string" || environments.length === 0 || environments.includes(environment))
    return undefined
  return new InvalidCredentials({
    problem: `the certificate "${commonName}" is not for the environment "${environment}" but for ${environments.join(" and ")}`,
    cure: `Use a certificate for "${environment}", or the certificate's own environment.`
  })
}
