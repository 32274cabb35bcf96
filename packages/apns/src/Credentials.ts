/**
 * What a provider proves its identity to APNs with: a token key (`.p8`) or a TLS client certificate (`.p12` or PEM).
 *
 * Keys and certificates are read, checked and explained here, once, before anything is connected: APNs itself answers a
 * bad key only with `InvalidProviderToken`, and OpenSSL a bad `.p12` only with "unsupported". Private keys stay in
 * `Redacted` and never appear in an error, a log line, `inspect` or JSON.
 *
 * @since 0.1.0
 */
import { basename } from "node:path"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { ApnsError } from "./ApnsError.ts"
import { datesProblem } from "./internal/certificateDates.ts"
import { loadReaders, readSource } from "./internal/certificateSource.ts"
import { readCredentialsFile } from "./internal/credentialsFile.ts"
import { type CredentialsProblem, inFile, invalidCredentials } from "./internal/credentialsProblem.ts"
import { isShowable, shownPath } from "./internal/path.ts"
import { decodeText } from "./internal/pem.ts"
import { recognise, unexpected } from "./internal/recognise.ts"
import { readTokenKey } from "./internal/tokenKey.ts"

/**
 * A token key: signs provider tokens for every topic of a team, or for the topics the key was made for.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenCredentials {
  readonly _tag: "TokenCredentials"
  /** The 10-character Team ID: the token's `iss`. */
  readonly teamId: string
  /** The 10-character Key ID: the token's `kid`. */
  readonly keyId: string
  /** The P-256 key as unencrypted PKCS #8 PEM with line feeds. */
  readonly privateKey: Redacted.Redacted<string>
}

/**
 * A TLS client certificate with its key. What its own extensions say is read out, so that a wrong topic or environment
 * can be named before APNs refuses it.
 *
 * @category models
 * @since 0.1.0
 */
export interface CertificateCredentials {
  readonly _tag: "CertificateCredentials"
  /** PEM: the certificate, then its issuers as far as they were given. */
  readonly certificate: string
  /** Unencrypted PKCS #8 PEM. It is decrypted in memory and never written. */
  readonly privateKey: Redacted.Redacted<string>
  /** The subject's common name, such as `Apple Push Services: com.example.app`. */
  readonly commonName: string
  readonly kind: CertificateKind
  /** The subject's user ID: the topic APNs assumes when `apns-topic` is left out. */
  readonly topic: string | undefined
  /** Every topic the certificate may send to. `kinds` is empty where the certificate does not state them. */
  readonly topics: ReadonlyArray<CertificateTopic>
  /** Where the certificate may connect. Empty when it does not say so, as with certificates not made for APNs. */
  readonly environments: ReadonlyArray<"sandbox" | "production">
  /** The subject's organizational unit: the Team ID. */
  readonly teamId: string | undefined
  readonly notBefore: DateTime.Utc
  readonly expiresAt: DateTime.Utc
  /** SHA-256 of the certificate, as Keychain Access and `openssl x509 -fingerprint -sha256` print it: `AB:CD:…`. */
  readonly fingerprint: string
  /** Whether TLS client authentication is among its purposes. Informational: APNs decides. */
  readonly clientAuthentication: boolean
}

/**
 * What a certificate was made for. `universal` serves sandbox and production; `unknown` carries none of Apple's push
 * extensions.
 *
 * @category models
 * @since 0.1.0
 */
export type CertificateKind =
  | "development"
  | "production"
  | "universal"
  | "voip"
  | "watchkit"
  | "website"
  | "pass"
  | "mdm"
  | "unknown"

/**
 * A topic of a certificate, with the kinds it is good for: `app`, `voip`, `complication` and what Apple adds.
 *
 * @category models
 * @since 0.1.0
 */
export interface CertificateTopic {
  readonly topic: string
  readonly kinds: ReadonlyArray<string>
}

/**
 * Either kind of credentials. Token keys send every push type and never expire; Apple recommends them.
 *
 * @category models
 * @since 0.1.0
 */
export type Credentials = TokenCredentials | CertificateCredentials

/**
 * Where a token key comes from: its text, or the path of its `.p8` file.
 *
 * @category options
 * @since 0.1.0
 */
export type TokenOptions = {
  /** The Team ID: 10 characters, on the Membership page of the developer account. */
  readonly teamId: string
  /** The Key ID: 10 characters, on the Keys page and in the file's name, `AuthKey_<Key ID>.p8`. */
  readonly keyId: string
} & (
  | {
      /**
       * The content of the `.p8` file, or base64 of it. Line breaks may be CRLF or the two characters `\n` of an environment
       * variable.
       */
      readonly privateKey: Redacted.Redacted<string>
    }
  | {
      /** The path of the `.p8` file. */
      readonly privateKeyFile: string
    }
)

/**
 * Where a certificate comes from: the bytes of a `.p12`, PEM text, bytes of either, or the path of either.
 *
 * @category options
 * @since 0.1.0
 */
export type CertificateOptions = {
  /** Opens the `.p12` or the encrypted key. Default: none. Absent and empty mean the same. */
  readonly passphrase?: Redacted.Redacted<string> | undefined
} & (
  | {
      /** The content of a `.p12` (PKCS #12) file of any age. */
      readonly p12: Uint8Array
    }
  | {
      /** One or more certificates, and the key unless `key` holds it. */
      readonly pem: string | Redacted.Redacted<string>
      /** The private key as PEM: PKCS #8, PKCS #1 or SEC1, encrypted or not. */
      readonly key?: Redacted.Redacted<string> | undefined
    }
  | {
      /** The content of a `.p12`, PEM or `.cer` file, told apart as such a file is. */
      readonly content: Uint8Array
      /** The private key as PEM, when `content` does not hold it. */
      readonly key?: Redacted.Redacted<string> | undefined
    }
  | {
      /** A `.p12`, PEM or `.cer` file, told apart by content. */
      readonly file: string
      /** The private key as a PEM file, when `file` does not hold it. */
      readonly keyFile?: string | undefined
    }
)

/**
 * Whether a text can be the path of a file, and is not what people paste in its place: a key or a certificate, base64 of one, a
 * line out of one, a `data:` URI, JSON.
 *
 * **When to use**
 *
 * Use before a path that somebody gave is kept or repeated. `token` and `certificate` need none of it: they repeat no such text.
 * A path that looks like base64 and has no folder passes as `./path`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPath = (text: string): boolean => isShowable(text)

/** Describes an id without echoing it: it may be something secret in the wrong place. */
const checkId = (name: "teamId" | "keyId", value: string): Result.Result<string, CredentialsProblem> => {
  const where =
    name === "teamId"
      ? "The Team ID is on the Membership page of the developer account"
      : "The Key ID is on the Keys page of the developer account and in the file's name, AuthKey_<Key ID>.p8"
  if (/^[A-Z0-9]{10}$/.test(value)) {
    return Result.succeed(value)
  }
  const fault =
    value.length !== 10 ? `it has ${value.length}` : /[a-z]/.test(value) ? "it has lower-case letters" : "it has others"
  return Result.fail({ problem: `${name} must be 10 characters of A-Z and 0-9; ${fault}`, cure: where })
}

const checkSwapped = (path: string, options: TokenOptions): Result.Result<void, CredentialsProblem> => {
  const named = /^AuthKey_([A-Z0-9]{10})\.p8$/.exec(basename(path))?.[1]
  return named !== undefined && named === options.teamId && named !== options.keyId
    ? Result.fail({
        problem: `teamId is the Key ID in the name of ${shownPath(path)}`,
        cure: "Swap teamId and keyId"
      })
    : Result.succeed(undefined)
}

/**
 * Loads a token key (`.p8`) and checks it: an unencrypted PKCS #8 PEM with a P-256 key, and ids of the right form.
 *
 * **When to use**
 *
 * The default choice. One key serves every app of a team (or the topics it was made for) and does not expire. The
 * Effect is run again to see whether the key was replaced, where it is given to a layer as it is.
 *
 * **Details**
 *
 * Fails with an `ApnsError` whose reason is `InvalidCredentials`: what the given text is instead of a token key, which
 * curve its key is on, where it is cut off, or where the ids are found. Byte order marks, CRLF and `\n` escapes are
 * accepted. Apple page: "Establishing a token-based connection to APNs"; ES256: RFC 7518, section 3.4.
 *
 * @category constructors
 * @since 0.1.0
 */
export const token = (options: TokenOptions): Effect.Effect<TokenCredentials, ApnsError> =>
  Effect.gen(function* () {
    yield* Effect.fromResult(checkId("teamId", options.teamId))
    yield* Effect.fromResult(checkId("keyId", options.keyId))
    const privateKey = yield* "privateKeyFile" in options
      ? Effect.fromResult(checkSwapped(options.privateKeyFile, options)).pipe(
          Effect.andThen(readCredentialsFile(options.privateKeyFile)),
          Effect.flatMap((bytes) =>
            Effect.fromResult(Result.mapError(tokenKeyOf(bytes), inFile(options.privateKeyFile)))
          )
        )
      : Effect.fromResult(readTokenKey(Redacted.value(options.privateKey)))
    return {
      _tag: "TokenCredentials" as const,
      teamId: options.teamId,
      keyId: options.keyId,
      privateKey: Redacted.make(privateKey, { label: "APNs token key" })
    }
  }).pipe(Effect.mapError(invalidCredentials))

const tokenKeyOf = (bytes: Uint8Array): Result.Result<string, CredentialsProblem> => {
  const content = recognise(bytes)
  return content === "pem" || content === "base64Pem"
    ? readTokenKey(decodeText(bytes))
    : Result.fail(unexpected("a token key in PEM form", content))
}

/**
 * Loads a TLS client certificate with its key, from a `.p12`, from PEM text, or from files of either kind.
 *
 * **When to use**
 *
 * When there is no token key: older set-ups, MDM, Wallet passes and Safari website pushes. Everything else is simpler
 * with `token`.
 *
 * **Details**
 *
 * A `.p12` is decrypted by this library and not by OpenSSL, whose version 3 refuses the RC2 that Keychain Access
 * writes. The key is matched to its certificate, the chain is put in order, the dates are checked against the Effect
 * `Clock`, and TLS is asked to accept the pair.
 *
 * Fails with an `ApnsError` whose reason is `InvalidCredentials`: a wrong or missing passphrase, a file of another kind,
 * a missing or foreign key, several candidates, an expired or not yet valid certificate, a file that cannot be read.
 * Apple page: "Establishing a certificate-based connection to APNs"; PKCS #12: RFC 7292, RFC 9579.
 *
 * @category constructors
 * @since 0.1.0
 */
export const certificate = (options: CertificateOptions): Effect.Effect<CertificateCredentials, ApnsError> =>
  Effect.gen(function* () {
    const readers = yield* loadReaders
    const { material, origin } = yield* readSource(readers, options)
    const now = yield* DateTime.now
    const checked = Result.flatMap(readers.identify(material, origin), (identity) => {
      const problem = datesProblem(identity.facts, DateTime.toEpochMillis(now))
      return problem === undefined ? Result.succeed(identity) : Result.fail(problem)
    })
    const identity = yield* Effect.fromResult(
      "file" in options ? Result.mapError(checked, inFile(options.file)) : checked
    )
    const { facts } = identity
    return {
      _tag: "CertificateCredentials" as const,
      certificate: identity.certificatePem,
      privateKey: Redacted.make(identity.privateKeyPem, { label: "APNs certificate key" }),
      commonName: facts.commonName,
      topic: facts.userId,
      teamId: facts.organizationalUnit,
      notBefore: DateTime.fromDateUnsafe(facts.notBefore),
      expiresAt: DateTime.fromDateUnsafe(facts.notAfter),
      fingerprint: identity.fingerprint,
      ...readers.readAppleFacts(facts)
    }
  }).pipe(Effect.mapError(invalidCredentials))
