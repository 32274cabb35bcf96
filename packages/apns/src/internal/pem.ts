import * as Result from "effect/Result"
import type { CredentialsProblem } from "./credentialsProblem.ts"

/** One block of a PEM text (RFC 7468, and the encapsulated headers of RFC 1421 which OpenSSL's old keys carry). */
export interface PemBlock {
  /** What stands after BEGIN, such as `PRIVATE KEY`. */
  readonly label: string
  readonly bytes: Buffer
  /** True when the block itself says that a passphrase is needed. */
  readonly encrypted: boolean
  /** The block again, with line feeds and 64 columns, as OpenSSL likes it. */
  readonly text: string
}

/** Reads text that may carry the byte order mark of an editor or of a Windows shell. */
export const decodeText = (bytes: Uint8Array): string =>
  new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8").decode(bytes)

/**
 * Undoes what transport does to PEM: byte order marks, CRLF, and the `\n` escapes which environment variables, .env
 * files and JSON leave in place of line breaks. Base64 holds no backslash, so nothing else can be hit.
 */
const normalise = (text: string): string =>
  text
    .replace(/^\uFEFF/, "")
    .replace(/\\+r\\+n|\\+[nr]/g, "\n")
    .replace(/\r\n?/g, "\n")

const armour = (label: string, headers: ReadonlyArray<string>, bytes: Buffer): string =>
  [
    `-----BEGIN ${label}-----`,
    ...(headers.length === 0 ? [] : [...headers, ""]),
    ...(bytes.toString("base64").match(/.{1,64}/g) ?? []),
    `-----END ${label}-----`,
    ""
  ].join("\n")

const damaged = (label: string, what: string): Result.Result<never, CredentialsProblem> =>
  Result.fail({
    problem: `The ${label} block is damaged: ${what}`,
    cure: "Copy the whole file again, from the BEGIN line to the END line, or download or export it again"
  })

const block = (label: string, body: string): Result.Result<PemBlock, CredentialsProblem> => {
  const lines = body
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
  const headers = lines.filter((line) => line.includes(":"))
  const base64 = lines
    .filter((line) => !line.includes(":"))
    .join("")
    .replace(/\s/g, "")
  if (base64 === "") {
    return damaged(label, "there is nothing between its BEGIN and END lines")
  }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    return damaged(label, "it holds characters that are not base64")
  }
  if (base64.length % 4 !== 0) {
    return damaged(label, "its base64 is cut off or characters are missing")
  }
  const bytes = Buffer.from(base64, "base64")
  return Result.succeed({
    label,
    bytes,
    encrypted: label === "ENCRYPTED PRIVATE KEY" || headers.some((line) => /^Proc-Type:.*ENCRYPTED/.test(line)),
    text: armour(label, headers, bytes)
  })
}

/** Every block of `text`, in its order; what stands between blocks (bag attributes, comments) is skipped. */
export const parse = (text: string): Result.Result<ReadonlyArray<PemBlock>, CredentialsProblem> => {
  const source = normalise(text)
  const blocks: Array<PemBlock> = []
  for (const begin of source.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)) {
    const label = begin[1] ?? ""
    const start = begin.index + begin[0].length
    const end = source.indexOf("-----", start)
    if (end === -1 || !source.startsWith(`-----END ${label}-----`, end)) {
      return damaged(label, `its line "-----END ${label}-----" is missing: the text is cut off`)
    }
    const read = block(label, source.slice(start, end))
    if (Result.isFailure(read)) {
      return Result.fail(read.failure)
    }
    blocks.push(read.success)
  }
  return Result.succeed(blocks)
}
