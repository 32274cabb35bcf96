/**
 * Device tokens as they are found in databases, files and logs. What can be read without a guess is read; of anything else it
 * is said what it is. Only APNs says that a token is dead: a spelling never does.
 */
import * as Result from "effect/Result"
import { InvalidNotification } from "../Reason.ts"

const hex = /^(?:[0-9a-fA-F]{2})+$/
const digits = /^[0-9a-fA-F]+$/

/** A device token as it may be shown: enough to recognise it, too little to use it. */
export const shorten = (device: string): string => {
  const text = device.replaceAll(/[^ -~]/g, "?")
  return text.length <= 12 ? `${text.slice(0, 4)}…` : `${text.slice(0, 4)}…${text.slice(-4)}`
}

/** White space, and what is as invisible (`\s` has U+FEFF). */
const blanks = /[\s\u200b-\u200d\u2060]+/g
/** What `NSData` says of itself, up to iOS 12 and since. */
const description = /^<([0-9a-fA-F\s]+)>$/
const description13 = /^\{\s*length\s*=\s*(\d+)\s*,\s*bytes\s*=\s*0x([0-9a-fA-F\s]*)(\.\.\.|…)?([0-9a-fA-F\s]*)\}$/

const invalid = (problem: string, cure: string) => new InvalidNotification({ field: "device", problem, cure })

const inHex = "Give the token's bytes in hexadecimal, as the app received them."
const ofApns = "Give the token that the app gets in didRegisterForRemoteNotificationsWithDeviceToken, in hexadecimal."

/** What a text is that is no device token; the first that fits. */
const others: ReadonlyArray<readonly [RegExp, string, string]> = [
  [/^["'`].*["'`]$/s, "is in quotation marks", "Leave them out."],
  [
    /^(?:\(null\)|<null>|null|nil|none|undefined|nan|\[object \w+\]|optional\(.*\))$/i,
    "is no token, but what a program prints where it has none",
    "Leave such devices out, and look for where the token was turned into text."
  ],
  [/^(?:exponent|expo)pushtoken\[/i, "is a token of Expo", `Send it through Expo, or: ${ofApns}`],
  [/^[\w-]+:APA91[\w-]+$/, "is a token of Firebase (FCM)", `Send it through FCM, or: ${ofApns}`],
  [/^[\w-]{18,}:[\w-]{60,}$/, "is a token of Firebase (FCM)", `Send it through FCM, or: ${ofApns}`],
  [/^[a-z][a-z0-9+.-]*:\/\//i, "is an address", ofApns],
  [/^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, "is a UUID", ofApns]
]

/** As long as the shortest token there is, 32 bytes, in either alphabet (RFC 4648), with or without its end. */
const base64 = /^(?=.{43,})[A-Za-z0-9+/_-]+={0,2}$/

const problemOf = (text: string): InvalidNotification => {
  const shown = shorten(text)
  for (const [form, problem, cure] of others) if (form.test(text)) return invalid(`${shown} ${problem}`, cure)
  const described = description13.exec(text)
  if (described !== null) {
    return invalid(
      `${shown} is how iOS 13 describes ${described[1]} bytes, not the bytes: some are cut out of it, and lost`,
      'Mend the app: token.map { String(format: "%02x", $0) }.joined(). It has to register again.'
    )
  }
  const plain = text.replaceAll(blanks, "")
  if (digits.test(plain)) return invalid(`${shown} has an odd number of digits (${plain.length})`, inHex)
  if (base64.test(plain) && Buffer.from(plain, "base64").length >= 32) {
    return invalid(
      `${shown} is not hexadecimal, but base64`,
      'Decode it: Buffer.from(token, "base64").toString("hex").'
    )
  }
  return invalid(`${shown} is not hexadecimal`, inHex)
}

const read = (text: string): string | undefined => {
  const trimmed = text.replaceAll(blanks, " ").trim()
  const described = description13.exec(trimmed)
  const body =
    described === null
      ? (description.exec(trimmed)?.[1] ?? trimmed)
      : described[3] === undefined && described[2] !== undefined
        ? described[2]
        : ""
  const found = body.replaceAll(" ", "").replace(/^0[xX]/, "")
  if (!hex.test(found)) return undefined
  return described === null || found.length === 2 * Number(described[1]) ? found : undefined
}

/**
 * The digits of a device token: as they are where nothing else stands there; out of `<7a1f 0c3b>`, `0x7a1f`, a text with
 * blanks, or bytes.
 */
export const readDevice = (device: unknown): Result.Result<string, InvalidNotification> => {
  if (typeof device === "string") {
    if (hex.test(device)) return Result.succeed(device)
    const found = read(device)
    if (found !== undefined) return Result.succeed(found)
    return Result.fail(device.trim() === "" ? invalid("is missing or empty", inHex) : problemOf(device.trim()))
  }
  if (device instanceof Uint8Array && device.length > 0) return readDevice(asText(device))
  if (typeof device === "number" || typeof device === "bigint") {
    return Result.fail(invalid("is a number, and the token's digits are lost in it", "Keep tokens as text."))
  }
  return Result.fail(invalid("is missing or empty", inHex))
}

/** Bytes, as JavaScript may have them out of a database, as text, for what keeps tokens as text. */
export const asText = <A>(device: A): A | string =>
  device instanceof Uint8Array ? Buffer.from(device).toString("hex") : device
