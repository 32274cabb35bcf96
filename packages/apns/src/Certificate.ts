/**
 * What a certificate file is, for people: everything that can be read out of it, and everything that is wrong with it at once.
 *
 * `Credentials.certificate` loads a certificate to send with, and fails at the first fault. This looks at files that may be
 * expired, without a key, or not for APNs at all, and says so.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { ApnsError } from "./ApnsError.ts"
import type { CertificateCredentials, CertificateOptions } from "./Credentials.ts"
import { loadReaders, readSource } from "./internal/certificateSource.ts"
import { inFile, invalidCredentials } from "./internal/credentialsProblem.ts"

/**
 * A certificate in words.
 *
 * @category models
 * @since 0.1.0
 */
export interface Description {
  /** The subject's common name. */
  readonly commonName: string
  /** The whole subject, in the order it was issued in: `UID=…, CN=…, OU=…`. */
  readonly subject: string
  /** The whole subject of the certificate that issued this one. */
  readonly issuer: string
  /** Hexadecimal, in capital letters. */
  readonly serialNumber: string
  readonly notBefore: DateTime.Utc
  readonly expiresAt: DateTime.Utc
  /** SHA-256, as `AB:CD:…`. */
  readonly fingerprint: string
  /** The kind and size of its key: `RSA 2048`, `EC P-256`. */
  readonly publicKey: string
}

/**
 * A certificate in words, with what Apple's extensions say.
 *
 * @category models
 * @since 0.1.0
 */
export interface PushDescription
  extends Description,
    Pick<CertificateCredentials, "kind" | "topic" | "topics" | "environments" | "teamId" | "clientAuthentication"> {}

/**
 * How a part of a `.p12` is encrypted.
 *
 * @category models
 * @since 0.1.0
 */
export interface Encryption {
  /** Such as `AES-256` or `RC2-40`; the object identifier of one that is not known. */
  readonly scheme: string
  /** `refused`: OpenSSL 3, and what is built on it, does not read it. `old`: it does, with its default settings. */
  readonly age: "current" | "old" | "refused"
}

/**
 * Something to know about a certificate file, and what to do about it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Finding<Name extends string = string> {
  readonly name: Name
  /** A sentence without its full stop. */
  readonly problem: string
  /** A sentence without its full stop. */
  readonly cure: string
}

/**
 * Why APNs cannot be reached with what the file holds.
 *
 * - `noKey`: there is no private key.
 * - `foreignKey`: the private key belongs to another certificate.
 * - `severalPairs`: several certificates come with their keys.
 * - `refusedByTls`: OpenSSL does not take the pair, for instance because the key is too short.
 * - `expired`, `notYetValid`: by the Effect `Clock`.
 *
 * @category models
 * @since 0.1.0
 */
export type ProblemName = "noKey" | "foreignKey" | "severalPairs" | "refusedByTls" | "expired" | "notYetValid"

/**
 * What is unusual and does not keep this library from using the file.
 *
 * - `legacyEncryption`: a `.p12` that other programs cannot read.
 * - `notForApns`: the certificate has none of Apple's push extensions. It may still be one that a server of your own takes.
 * - `notForClients`: TLS client authentication is not among its purposes.
 *
 * @category models
 * @since 0.1.0
 */
export type RemarkName = "legacyEncryption" | "notForApns" | "notForClients"

/**
 * What a file holds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Inspection {
  readonly format: "p12" | "pem" | "certificate"
  /** How a `.p12` is encrypted, each scheme once; empty where it is not, and for other files. */
  readonly encryption: ReadonlyArray<Encryption>
  /** The certificate the key belongs to; without such a key, the one that issued none of the others. */
  readonly certificate: PushDescription
  /** Its issuers as far as they are in the file, the next one first. */
  readonly chain: ReadonlyArray<Description>
  /** Whether the chain ends in a certificate that issued itself. APNs does not need it to. */
  readonly chainComplete: boolean
  /** What else is in the file. */
  readonly others: ReadonlyArray<Description>
  readonly key: "matching" | "foreign" | "absent"
  /** Why it cannot be used; empty where `Credentials.certificate` would take it. */
  readonly problems: ReadonlyArray<Finding<ProblemName>>
  readonly remarks: ReadonlyArray<Finding<RemarkName>>
  /** The certificate and its chain as PEM. */
  readonly certificatePem: string
  /** The matching private key as unencrypted PKCS #8 PEM. */
  readonly privateKeyPem: Redacted.Redacted<string> | undefined
}

/**
 * Reads a certificate file and tells everything about it.
 *
 * **When to use**
 *
 * Use in tools and health checks: to list topics and environments, to warn before a certificate expires, to convert a `.p12`
 * to PEM. To send, use `Credentials.certificate`.
 *
 * **Details**
 *
 * Takes what `Credentials.certificate` takes. Fails with an `ApnsError` whose reason is `InvalidCredentials` only where nothing
 * can be told: a file that cannot be read, is damaged, is something else, holds no certificate, or whose passphrase is
 * missing or wrong (`passphrase` of the reason says which, so that a program may ask for it).
 *
 * Sources: Apple, "Establishing a certificate-based connection to APNs"; RFC 5280; RFC 7292.
 *
 * **Example** (Warning a month ahead)
 *
 * ```ts
 * import { DateTime, Effect } from "effect"
 * import { Certificate } from "effect-apns"
 *
 * export const warn = Effect.gen(function* () {
 *   const { certificate, problems } = yield* Certificate.inspect({ file: "/run/secrets/push.pem" })
 *   for (const { problem, cure } of problems) yield* Effect.logError(`${problem}. ${cure}.`)
 *   const soon = DateTime.add(yield* DateTime.now, { days: 30 })
 *   if (DateTime.isLessThan(certificate.expiresAt, soon)) {
 *     yield* Effect.logWarning(`${certificate.commonName} expires at ${DateTime.formatIso(certificate.expiresAt)}`)
 *   }
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const inspect = (options: CertificateOptions): Effect.Effect<Inspection, ApnsError> =>
  Effect.gen(function* () {
    const readers = yield* loadReaders
    const { inspectSource } = yield* Effect.promise(() => import("./internal/inspection.ts"))
    const source = yield* readSource(readers, options)
    const found = Effect.fromResult(inspectSource(source, DateTime.toEpochMillis(yield* DateTime.now)))
    return yield* "file" in options ? Effect.mapError(found, inFile(options.file)) : found
  }).pipe(Effect.mapError(invalidCredentials))
