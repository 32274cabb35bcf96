/**
 * Writes the PKCS #12 files (RFC 7292) which the openssl command line cannot make: several keys, a foreign key, an
 * absent password, PBMAC1, BER. It shares no code with the reader under test.
 */
import { createCipheriv, createHash, createHmac, pbkdf2Sync } from "node:crypto"

/** One DER value. */
export const tlv = (tag: number, ...content: ReadonlyArray<Uint8Array>): Buffer => {
  const body = Buffer.concat(content)
  const size = body.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const sequence = (...items: ReadonlyArray<Uint8Array>) => tlv(0x30, ...items)
const octets = (value: Uint8Array) => tlv(0x04, value)
const explicit = (value: Uint8Array) => tlv(0xa0, value)
const nothing = Buffer.from([0x05, 0x00])
const integer = (value: number) => tlv(0x02, Buffer.from(value < 0x80 ? [value] : [value >> 8, value & 0xff]))

const oid = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number)
  const base128 = (value: number): Array<number> =>
    value < 0x80 ? [value] : [...base128(Math.floor(value / 128)).map((byte) => byte | 0x80), value % 128]
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

const pkcs7 = "1.2.840.113549.1.7"
const pkcs12 = "1.2.840.113549.1.12"
const sha1 = sequence(oid("1.3.14.3.2.26"), nothing)
const hmacSha256 = sequence(oid("1.2.840.113549.2.9"), nothing)
const iterations = 2048
/** Fixed, so that a fixture changes only when its input does. Never do this outside tests. */
const salt = Buffer.from("0123456789abcdef", "hex")

/** RFC 7292, appendix B.2, with SHA-1. `null` is the absent password. */
const derive = (password: string | null, id: number, size: number): Buffer => {
  const bmp = password === null ? Buffer.alloc(0) : Buffer.from(`${password}\0`, "utf16le").swap16()
  const fill = (source: Buffer) => Buffer.alloc(64 * Math.ceil(source.length / 64), source)
  const input = Buffer.concat([fill(salt), bmp.length === 0 ? bmp : fill(bmp)])
  const blocks: Array<Buffer> = []
  for (let made = 0; made < size; made += 20) {
    let hash = createHash("sha1").update(Buffer.alloc(64, id)).update(input).digest()
    for (let round = 1; round < iterations; round++) {
      hash = createHash("sha1").update(hash).digest()
    }
    blocks.push(hash)
    const addend = BigInt(`0x${Buffer.alloc(64, hash).toString("hex")}`) + 1n
    for (let start = 0; start < input.length; start += 64) {
      const sum = BigInt(`0x${input.subarray(start, start + 64).toString("hex")}`) + addend
      input.write(BigInt.asUintN(512, sum).toString(16).padStart(128, "0"), start, "hex")
    }
  }
  return Buffer.concat(blocks).subarray(0, size)
}

const localKeyId = (id: string | undefined): ReadonlyArray<Buffer> =>
  id === undefined ? [] : [tlv(0x31, sequence(oid("1.2.840.113549.1.9.21"), tlv(0x31, octets(Buffer.from(id)))))]

/** A shrouded key bag, under pbeWithSHA1And3-KeyTripleDES-CBC. */
export const keyBag = (pkcs8: Uint8Array, password: string | null, id?: string): Buffer => {
  const cipher = createCipheriv("des-ede3-cbc", derive(password, 1, 24), derive(password, 2, 8))
  const encrypted = octets(Buffer.concat([cipher.update(pkcs8), cipher.final()]))
  const algorithm = sequence(oid(`${pkcs12}.1.3`), sequence(octets(salt), integer(iterations)))
  return sequence(oid(`${pkcs12}.10.1.2`), explicit(sequence(algorithm, encrypted)), ...localKeyId(id))
}

/** A certificate bag. */
export const certificateBag = (der: Uint8Array, id?: string): Buffer =>
  sequence(
    oid(`${pkcs12}.10.1.3`),
    explicit(sequence(oid("1.2.840.113549.1.9.22.1"), explicit(octets(der)))),
    ...localKeyId(id)
  )

const authSafeOf = (bags: ReadonlyArray<Uint8Array>): Buffer =>
  sequence(sequence(oid(`${pkcs7}.1`), explicit(octets(sequence(...bags)))))

const macOf = (authSafe: Buffer, password: string | null): Buffer => {
  const digest = createHmac("sha1", derive(password, 3, 20))
    .update(authSafe)
    .digest()
  return sequence(sequence(sha1, octets(digest)), octets(salt), integer(iterations))
}

const pfx = (content: Buffer, mac: Buffer): Buffer =>
  sequence(integer(3), sequence(oid(`${pkcs7}.1`), explicit(content)), mac)

/** A file whose certificates are in the clear and whose MAC is HMAC-SHA-1. */
export const writePkcs12 = (bags: ReadonlyArray<Uint8Array>, password: string | null): Buffer => {
  const authSafe = authSafeOf(bags)
  return pfx(octets(authSafe), macOf(authSafe, password))
}

/** The same in BER: indefinite lengths, and the content in pieces. */
export const writeBerPkcs12 = (bags: ReadonlyArray<Uint8Array>, password: string | null): Buffer => {
  const authSafe = authSafeOf(bags)
  const end = Buffer.from([0, 0])
  const open = (tag: number, ...content: ReadonlyArray<Uint8Array>) =>
    Buffer.concat([Buffer.from([tag, 0x80]), ...content, end])
  const pieces = open(0x24, octets(authSafe.subarray(0, 500)), octets(authSafe.subarray(500)))
  return open(0x30, integer(3), open(0x30, oid(`${pkcs7}.1`), open(0xa0, pieces)), macOf(authSafe, password))
}

/** The same with the MAC of RFC 9579: PBMAC1 with PBKDF2 and HMAC-SHA-256. */
export const writePbmac1Pkcs12 = (bags: ReadonlyArray<Uint8Array>, password: string): Buffer => {
  const authSafe = authSafeOf(bags)
  const key = pbkdf2Sync(password, salt, iterations, 32, "sha256")
  const kdf = sequence(
    oid("1.2.840.113549.1.5.12"),
    sequence(octets(salt), integer(iterations), integer(32), hmacSha256)
  )
  const algorithm = sequence(oid("1.2.840.113549.1.5.14"), sequence(kdf, hmacSha256))
  const digest = createHmac("sha256", key).update(authSafe).digest()
  return pfx(
    octets(authSafe),
    sequence(sequence(algorithm, octets(digest)), octets(Buffer.from("NOT USED")), integer(1))
  )
}
