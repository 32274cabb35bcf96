/** Reads what `CertificateOptions` name, before it is known which key and which certificate belong together. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { CertificateOptions } from "../Credentials.ts"
import { readCredentialsFile } from "./credentialsFile.ts"
import { type CredentialsProblem, inFile } from "./credentialsProblem.ts"
import type { Material, Origin } from "./identity.ts"
import { decodeText } from "./pem.ts"
import { recognise, unexpected } from "./recognise.ts"

// Reading certificates takes node-forge, 50 ms to load: programs that send with a token never pay for it.
export const loadReaders = Effect.promise(async () => {
  const [apple, identity, pkcs12] = await Promise.all([
    import("./appleExtensions.ts"),
    import("./identity.ts"),
    import("./pkcs12.ts")
  ])
  return { ...apple, ...identity, ...pkcs12 }
})

export type Readers = Effect.Success<typeof loadReaders>

/** What was found, and in what kind of file. */
export interface Source {
  readonly material: Material
  readonly origin: Origin
  /** The .p12 itself, where it is one. */
  readonly p12?: Uint8Array
}

const join = (a: Material, b: Material): Material => ({
  keys: [...a.keys, ...b.keys],
  certificates: [...a.certificates, ...b.certificates]
})

const readPemBytes = (
  readers: Readers,
  bytes: Uint8Array,
  passphrase: string | undefined
): Result.Result<Material, CredentialsProblem> => {
  const content = recognise(bytes)
  return content === "pem"
    ? readers.readPem(decodeText(bytes), passphrase)
    : Result.fail(unexpected("a PEM file", content))
}

const readBytes = (
  readers: Readers,
  bytes: Uint8Array,
  passphrase: string | undefined
): Result.Result<Source, CredentialsProblem> => {
  const content = recognise(bytes)
  switch (content) {
    case "pkcs12":
      return Result.map(readers.readPkcs12(bytes, passphrase), (material) => ({ material, origin: "p12", p12: bytes }))
    case "pem":
      return Result.map(readers.readPem(decodeText(bytes), passphrase), (material) => ({ material, origin: "pem" }))
    case "certificate": {
      const certificates = [{ der: Buffer.from(bytes), localKeyId: undefined }]
      return Result.succeed({ material: { keys: [], certificates }, origin: "certificate" })
    }
    default:
      return Result.fail(unexpected("a .p12 or PEM file", content))
  }
}

/** Reads the keys and certificates that the options name. */
export const readSource = (
  readers: Readers,
  options: CertificateOptions
): Effect.Effect<Source, CredentialsProblem> => {
  const passphrase = options.passphrase === undefined ? undefined : Redacted.value(options.passphrase)
  if ("p12" in options) {
    const content = recognise(options.p12)
    return Effect.fromResult(
      content === "pkcs12"
        ? readBytes(readers, options.p12, passphrase)
        : Result.fail(unexpected("a .p12 file", content))
    )
  }
  const text = (value: string | Redacted.Redacted<string>) =>
    Buffer.from(Redacted.isRedacted(value) ? Redacted.value(value) : value)
  if ("content" in options) {
    const { content, key } = options
    return Effect.fromResult(
      Result.gen(function* () {
        const source = yield* readBytes(readers, content, passphrase)
        if (key === undefined) return source
        return { ...source, material: join(source.material, yield* readPemBytes(readers, text(key), passphrase)) }
      })
    )
  }
  if ("pem" in options) {
    return Effect.fromResult(
      Result.gen(function* () {
        const given = yield* readPemBytes(readers, text(options.pem), passphrase)
        return options.key === undefined
          ? { material: given, origin: "pem" }
          : { material: join(given, yield* readPemBytes(readers, text(options.key), passphrase)), origin: "pem" }
      })
    )
  }
  const { file, keyFile } = options
  return Effect.gen(function* () {
    const source = yield* Effect.fromResult(
      Result.mapError(readBytes(readers, yield* readCredentialsFile(file), passphrase), inFile(file))
    )
    if (keyFile === undefined) {
      return source
    }
    const key = yield* Effect.fromResult(
      Result.mapError(readPemBytes(readers, yield* readCredentialsFile(keyFile), passphrase), inFile(keyFile))
    )
    return { ...source, material: join(source.material, key) }
  })
}
