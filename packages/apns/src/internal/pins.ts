/**
 * Pins: SHA-256 hashes of public keys, one of which has to be in the chain of the server's certificate. Pure, but for the
 * socket that the chain is read from.
 */
import { createHash, X509Certificate } from "node:crypto"
import type { DetailedPeerCertificate, TLSSocket } from "node:tls"
import * as Result from "effect/Result"
import { InvalidConfiguration } from "../Reason.ts"

/** No pin is in the chain. */
export class PinMismatch extends Error {
  /** The pins of the chain, from the server's own certificate upwards. */
  readonly seen: ReadonlyArray<string>

  constructor(seen: ReadonlyArray<string>) {
    super("none of the pins is in the server's chain")
    this.seen = seen
  }
}

/** Base64, with the marks of OkHttp (`sha256/`) and curl (`sha256//`) or none. */
export const parsePins = (
  pins: ReadonlyArray<string> | undefined
): Result.Result<ReadonlyArray<string> | undefined, InvalidConfiguration> => {
  if (pins === undefined) return Result.succeed(undefined)
  // A hash may itself begin with a slash: how many belong to the mark, its length tells.
  const bare = pins.map((pin) => /^(?:sha256\/{1,2})?([A-Za-z0-9+/]{43}=)$/.exec(pin)?.[1] ?? "")
  const wrong = bare.indexOf("")
  if (bare.length > 0 && wrong === -1) return Result.succeed(bare)
  return Result.fail(
    new InvalidConfiguration({
      setting: "pins",
      problem: bare.length === 0 ? "is empty, so that no server could match" : `has no SHA-256 hash at index ${wrong}`,
      cure: "Give SHA-256 hashes of public keys (SPKI) in base64, each 44 characters, or leave `pins` out."
    })
  )
}

export const pinOf = (certificate: X509Certificate): string =>
  createHash("sha256")
    .update(certificate.publicKey.export({ type: "spki", format: "der" }))
    .digest("base64")

/**
 * The pins of the chain. Each certificate counts only if it signed the one before: a server may send whatever it likes
 * after its own.
 */
const chainPins = (first: DetailedPeerCertificate) => {
  const pins: Array<string> = []
  let issued: X509Certificate | undefined
  for (let entry = first; entry?.raw !== undefined; entry = entry.issuerCertificate) {
    const certificate = new X509Certificate(entry.raw)
    if (issued !== undefined && !issued.verify(certificate.publicKey)) break
    pins.push(pinOf(certificate))
    issued = certificate
    if (entry.issuerCertificate === entry) break
  }
  return pins
}

/** Checks the server of a finished TLS handshake. */
export const checkPins =
  (pins: ReadonlyArray<string>) =>
  (socket: TLSSocket): Error | undefined => {
    const seen = chainPins(socket.getPeerCertificate(true))
    return seen.some((pin) => pins.includes(pin)) ? undefined : new PinMismatch(seen)
  }
