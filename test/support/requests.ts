/** Requests as the documentation shows them: head, empty line, body, laid out for reading. */
import { Result } from "effect"
import type { Notification } from "effect-apns"
import { encode } from "effect-apns/PayloadSchema"
import { head } from "../../packages/apns/src/internal/request.ts"
import { topic } from "./simulated.ts"

/** The subject UID of an MDM push certificate. */
const management = "com.apple.mgmt.External.0f0e0d0c-0b0a-4908-8706-050403020100"

const nowMillis = Date.parse("2026-01-01T12:00:00Z")

const layOut = (fields: ReadonlyArray<string>, body: string) =>
  `${fields.join("\n")}\n\n${JSON.stringify(JSON.parse(body), null, 2)}\n`

/** The request of a notification, without its id and the provider token, which differ every time. */
export const requestOf = (notification: Notification.Notification): string => {
  const certificate = notification.trust === "certificate"
  const { fields, path } = Result.getOrThrow(
    head(notification, {
      topic: certificate ? management : topic,
      topicRequired: true,
      trust: certificate ? "certificate" : "token",
      nowMillis
    })
  )
  return layOut(
    [
      `POST ${path}`,
      ...Object.entries(fields)
        .filter(([name]) => name !== "apns-id")
        .map(([name, value]) => `${name}: ${value}`)
    ],
    new TextDecoder().decode(Result.getOrThrow(encode(notification)))
  )
}

/** A block of the documentation, its body laid out as `requestOf` does. */
export const normalised = (block: string): string => {
  const [fields = "", body = ""] = block.split("\n\n")
  return layOut(fields.split("\n"), body)
}
