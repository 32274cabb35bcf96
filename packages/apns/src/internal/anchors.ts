/**
 * The certificates that a connection trusts.
 */
import { X509Certificate } from "node:crypto"
import * as Tls from "node:tls"
import * as Result from "effect/Result"
import { InvalidConfiguration } from "../Reason.ts"

type Pem = string | ReadonlyArray<string>

const list = (pem: Pem): ReadonlyArray<string> => (typeof pem === "string" ? [pem] : pem)

const certificate = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g

const isReadable = (block: string): boolean => {
  try {
    return new X509Certificate(block) !== undefined
  } catch {
    return false
  }
}

/** Whether there is a certificate in it: Node takes any other text, and then trusts nobody. */
const holdsOne = (text: unknown): boolean =>
  typeof text === "string" && (text.match(certificate) ?? []).some(isReadable)

/** Why nobody can be trusted by it, if so. What is wrong is not shown: it may be a key. */
const problemOf = (setting: string, pem: Pem): InvalidConfiguration | undefined => {
  const texts = list(pem)
  if (texts.length > 0 && texts.every(holdsOne)) return undefined
  const isPath = texts.some(
    (text) => typeof text === "string" && /^[^\r\n]{1,255}\.(?:pem|crt|cer|ca-bundle)$/i.test(text)
  )
  return new InvalidConfiguration({
    setting,
    problem: isPath ? "is the path of a file" : "holds no certificate in PEM",
    cure: `Give the text of the file, which begins with -----BEGIN CERTIFICATE-----${isPath ? ", not its path" : ""}.`
  })
}

/**
 * `extraCa` beside `ca`, or beside the runtime's. `undefined` stands for these alone. `setting` is where `ca` is from. Fails where
 * one of them holds no certificate.
 */
export const anchors = (
  ca: Pem | undefined,
  extraCa: Pem | undefined,
  setting: string
): Result.Result<Pem | undefined, InvalidConfiguration> => {
  const problem =
    (ca === undefined ? undefined : problemOf(setting, ca)) ??
    (extraCa === undefined ? undefined : problemOf("extraCa", extraCa))
  if (problem !== undefined) return Result.fail(problem)
  if (extraCa === undefined) return Result.succeed(ca)
  return Result.succeed([...(ca === undefined ? Tls.getCACertificates("default") : list(ca)), ...list(extraCa)])
}
