/**
 * `@parse/node-apn`. Variants: `each`, a notification for each device; `fanOut`, one notification handed to it with many
 * devices, as many at a time as the window holds (handed 50,000 at once, most fail: Node bounds a session's memory).
 */
import { createRequire } from "node:module"
import apn from "@parse/node-apn"
import { main, type Tally } from "./harness.ts"
import { alert, badge, data, device, id, sound } from "./workload.ts"

const { version } = createRequire(import.meta.url)("@parse/node-apn/package.json")

interface Failure {
  readonly status?: number
  readonly error?: Error
  readonly response?: unknown
}

await main(async ({ ca, host, port, credentials, topic, concurrency, variant }) => {
  const { keyId, teamId, privateKeyFile } = credentials
  const provider = new apn.Provider({
    token: { key: privateKeyFile, keyId, teamId },
    address: host,
    // Not in its types, but handed to node:http2.
    ...{ port },
    ca: [ca],
    production: false
  })
  const make = () => {
    const note = new apn.Notification()
    note.topic = topic
    note.pushType = "alert"
    note.priority = 10
    note.id = id()
    note.badge = badge
    note.sound = sound
    note.alert = alert
    note.payload = data
    return note
  }
  const problemOf = ({ error, status, response }: Failure) => error?.message ?? `${status} ${JSON.stringify(response)}`
  const sendRange = async (start: number, end: number, tally: Tally) => {
    for (let first = start; first < end; first += concurrency) {
      const devices = Array.from({ length: Math.min(concurrency, end - first) }, (_, index) => device(first + index))
      const { sent, failed } = await provider.send(make(), devices)
      tally.accepted += sent.length
      for (const failure of failed) tally.count(problemOf(failure as Failure))
    }
  }
  return {
    send: (index, done) => {
      provider
        .send(make(), device(index))
        .then(({ failed: [failure] }) => done(failure === undefined ? undefined : problemOf(failure as Failure)), done)
    },
    ...(variant === "fanOut" && { sendRange }),
    close: () => provider.shutdown(),
    version
  }
})
