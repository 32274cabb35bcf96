/** The notification that every client sends, to a thousand devices in turn. */
import { createHash, createPrivateKey, randomUUID, sign } from "node:crypto"
import { readFileSync } from "node:fs"
import type { Credentials } from "../contract.ts"

export const alert = {
  title: "Your order is on its way",
  body: "Order 1042 left the warehouse at 8:14 and reaches you today between noon and 2."
}

export const badge = 3

export const sound = "default"

export const data = {
  order: { id: 1042, state: "shipped", url: "https://shop.example/orders/1042" }
}

/** As Apple's clients read it: 250 bytes. */
export const payload = { aps: { alert, badge, sound }, ...data }

export const body = Buffer.from(JSON.stringify(payload))

const tokens = Array.from({ length: 1_000 }, (_, index) => createHash("sha256").update(`device ${index}`).digest("hex"))

/** The device token of the `index`th notification. */
export const device = (index: number): string => tokens[index % tokens.length] as string

export const paths = tokens.map((token) => `/3/device/${token}`)

export const path = (index: number): string => paths[index % paths.length] as string

export const id = (): string => randomUUID()

/** A provider token, for clients that make none themselves. */
export const providerToken = ({ teamId, keyId, privateKeyFile }: Credentials): string => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const signed = `${encode({ alg: "ES256", kid: keyId })}.${encode({ iss: teamId, iat: Math.floor(Date.now() / 1_000) })}`
  const key = createPrivateKey(readFileSync(privateKeyFile))
  return `${signed}.${sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`
}

/** The header fields that every client sends, but for `apns-id`, which differs for each notification. */
export const fields = (job: { readonly credentials: Credentials; readonly topic: string }) => ({
  authorization: `bearer ${providerToken(job.credentials)}`,
  "apns-topic": job.topic,
  "apns-push-type": "alert",
  "apns-priority": "10"
})
