/** How to point a client at the simulator. */
import type { Info } from "@effect-apns/simulator/ControlModel"

export interface Snippet {
  readonly name: string
  readonly code: string
}

/** A device token that is nobody's. */
const device = "7a1f0c3b5d2e4f60".repeat(3)
const topic = "com.example.app"

const files = ({ caFile, keyFile }: Info) => ({ ca: caFile ?? "apns-ca.pem", key: keyFile ?? "AuthKey.p8" })

const effectApns = (info: Info): string => `import { Effect, Redacted } from "effect"
import { readFileSync } from "node:fs"
import { Apns, Credentials, Notification, send } from "effect-apns"

const ApnsLive = Apns.layer({
  environment: {
    host: "${info.host}",
    port: ${info.port},
    ca: readFileSync("${files(info).ca}", "utf8")
  },
  credentials: Credentials.token({
    teamId: "${info.key.teamId}",
    keyId: "${info.key.keyId}",
    privateKey: Redacted.make(readFileSync("${files(info).key}", "utf8"))
  }),
  topic: "${topic}"
})

const hello = Notification.alert({
  device: "${device}",
  alert: { title: "Hello", body: "From my machine" }
})

await Effect.runPromise(send(hello).pipe(Effect.provide(ApnsLive)))`

const nodeApn = (info: Info): string => `import { Notification, Provider } from "@parse/node-apn"
import { readFileSync } from "node:fs"

const provider = new Provider({
  address: "${info.host}",
  port: ${info.port},
  ca: readFileSync("${files(info).ca}"),
  token: { key: "${files(info).key}", keyId: "${info.key.keyId}", teamId: "${info.key.teamId}" }
})

const note = new Notification({ topic: "${topic}", alert: { title: "Hello", body: "From my machine" } })
note.pushType = "alert"
console.log(await provider.send(note, "${device}"))
await provider.shutdown()`

const curl = (info: Info): string => `b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
HEAD=$(printf '{"alg":"ES256","kid":"${info.key.keyId}"}' | b64)
BODY=$(printf '{"iss":"${info.key.teamId}","iat":%s}' "$(date +%s)" | b64)
SIGN=$(printf '%s.%s' "$HEAD" "$BODY" | openssl dgst -sha256 -sign ${files(info).key} | b64)

curl --http2 --cacert ${files(info).ca} \\
  -H "authorization: bearer $HEAD.$BODY.$SIGN" \\
  -H "apns-topic: ${topic}" -H "apns-push-type: alert" \\
  -d '{"aps":{"alert":{"title":"Hello","body":"From my machine"}}}' \\
  https://${info.host}:${info.port}/3/device/${device}`

export const snippets = (info: Info): ReadonlyArray<Snippet> => [
  { name: "effect-apns", code: effectApns(info) },
  { name: "node-apn", code: nodeApn(info) },
  { name: "curl", code: curl(info) }
]
