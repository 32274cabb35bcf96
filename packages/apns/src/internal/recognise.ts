import type { CredentialsProblem } from "./credentialsProblem.ts"
import { decodeText } from "./pem.ts"

/** What a file or a value holds, judged by its content alone. */
export type Content =
  | "empty"
  | "pem"
  | "pkcs12"
  | "certificate"
  | "privateKey"
  | "encryptedKey"
  | "pkcs7"
  | "der"
  | "truncatedDer"
  | "base64Pem"
  | "base64Der"
  | "path"
  | "json"
  | "markup"
  | "keyStore"
  | "archive"
  | "text"
  | "binary"

const derContent = (bytes: Uint8Array): Content => {
  const [, first = 0] = bytes
  // An indefinite length (BER) says nothing about the end of the file.
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  const declared = first < 0x80 ? first : bytes.subarray(2, 2 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0)
  if (first !== 0x80 && (lengthBytes > 4 || bytes.length < 2 + lengthBytes + declared)) {
    return lengthBytes > 4 ? "binary" : "truncatedDer"
  }
  const body = bytes.subarray(2 + lengthBytes)
  const startsWith = (...expected: ReadonlyArray<number>) => expected.every((byte, index) => body[index] === byte)
  if (startsWith(0x02, 0x01, 0x03)) return "pkcs12"
  if (startsWith(0x02, 0x01, 0x00) || startsWith(0x02, 0x01, 0x01)) return "privateKey"
  if (startsWith(0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07)) return "pkcs7"
  if (body[0] === 0x30) {
    // SEQUENCE { SEQUENCE { OID … } …: PKCS #5 algorithms open an encrypted key; a certificate opens with [0], its version.
    const inner = body.subarray(body[1] === 0x82 ? 4 : body[1] === 0x81 ? 3 : 2)
    return inner[0] === 0x06 ? "encryptedKey" : inner[0] === 0xa0 || inner[0] === 0x02 ? "certificate" : "der"
  }
  return "der"
}

const textContent = (source: string): Content => {
  const text = source.replace(/^\uFEFF/, "").trim()
  if (text.includes("-----BEGIN ")) return "pem"
  if (/^[A-Za-z0-9+/=\s]{40,}$/.test(text)) {
    const decoded = Buffer.from(text, "base64")
    return decoded.toString("latin1").includes("-----BEGIN ") ? "base64Pem" : decoded[0] === 0x30 ? "base64Der" : "text"
  }
  if (/^[^\s]+\.(p8|p12|pfx|pem|cer|crt|key)$/i.test(text)) return "path"
  if (/^[[{]/.test(text)) return "json"
  if (text.startsWith("<")) return "markup"
  return "text"
}

/** Tells what `bytes` hold. */
export const recognise = (bytes: Uint8Array): Content => {
  if (bytes.length === 0) return "empty"
  const [first, second] = bytes
  if (first === 0xfe && second === 0xed) return "keyStore"
  if (first === 0x50 && second === 0x4b) return "archive"
  const text = decodeText(bytes)
  if (text.trim() === "") return "empty"
  if (text.includes("-----BEGIN ")) return "pem"
  if (first === 0x30 && bytes.length > 1 && !/^[\x20-\x7e\s]*$/.test(text)) return derContent(bytes)
  return text.includes("\0") || text.includes("\uFFFD") ? "binary" : textContent(text)
}

const texts: Record<Content, readonly [what: string, cure: string]> = {
  empty: ["it is empty", "Check that the file was copied, or that the variable is set"],
  pem: ["it is PEM text", "Hand PEM text over as `pem`"],
  pkcs12: ["it is a .p12 file", "Hand its bytes to Credentials.certificate as `p12`, or its path as `file`"],
  certificate: [
    "it is a bare certificate (.cer), as Apple's site hands it out, without a private key",
    "Open it in Keychain Access on the Mac that made the request, then export certificate and key together as .p12"
  ],
  privateKey: [
    "it is a private key in DER form",
    "Convert it to PEM: openssl pkey -inform DER -in <file> -out key.pem"
  ],
  encryptedKey: [
    "it is an encrypted private key in DER form",
    "Convert it to PEM: openssl pkcs8 -inform DER -in <file> -out key.pem"
  ],
  pkcs7: [
    "it is a PKCS #7 container (.p7b or a provisioning profile), which holds no private key",
    "Use the .p12 exported from Keychain Access, or the .p8 token key of the developer account"
  ],
  der: ["it is binary DER of another kind", "Use the .p12 exported from Keychain Access, or the .p8 token key"],
  truncatedDer: [
    "it is cut off: it ends before its own length says",
    "Copy or export the file again; a transfer in text mode, or reading it as UTF-8, damages binary files"
  ],
  base64Pem: ["it is base64 of a PEM file", 'Decode it first: Buffer.from(value, "base64").toString("utf8")'],
  base64Der: [
    "it is bare base64 without BEGIN and END lines",
    'For a .p8 key restore the lines "-----BEGIN PRIVATE KEY-----" and "-----END PRIVATE KEY-----"; ' +
      'decode a .p12 with Buffer.from(value, "base64") first'
  ],
  path: ["it is the path of a file and not its content", "Pass a path as `privateKeyFile`, `file` or `keyFile`"],
  json: ["it is JSON", "Pass only the key or the certificate held in it"],
  markup: ["it is HTML or XML, perhaps an error page saved in place of the download", "Download the file again"],
  keyStore: [
    "it is a Java key store",
    "Convert it: keytool -importkeystore -srckeystore <file> -destkeystore new.p12 -deststoretype pkcs12"
  ],
  archive: ["it is a ZIP archive", "Unpack it and use the file inside"],
  text: ["it is plain text without a BEGIN line", "Use the file exactly as it was downloaded or exported"],
  binary: [
    "its format is unknown",
    "Use the .p12 exported from Keychain Access, or the .p8 token key of the developer account"
  ]
}

/** The problem of getting `content` where `wanted` was expected. */
export const unexpected = (wanted: string, content: Content): CredentialsProblem => ({
  problem: `This is not ${wanted}: ${texts[content][0]}`,
  cure: texts[content][1]
})
