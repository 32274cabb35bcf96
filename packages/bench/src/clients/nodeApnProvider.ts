/** A provider of `@parse/node-apn` that sends to a server of ours. */
import { createRequire } from "node:module"
import apn from "@parse/node-apn"
import type { Job } from "../contract.ts"
import { alert, badge, data, sound } from "./workload.ts"

export const version: string = createRequire(import.meta.url)("@parse/node-apn/package.json").version

export const connect = ({ ca, credentials, host, port }: Pick<Job, "ca" | "credentials" | "host" | "port">) => {
  const { keyId, privateKeyFile, teamId } = credentials
  return new apn.Provider({
    token: { key: privateKeyFile, keyId, teamId },
    address: host,
    // Not in its types, but handed to node:http2.
    ...{ port },
    ca: [ca],
    production: false
  })
}

/** The notification that every client sends. */
export const notification = (topic: string, id: string) => {
  const note = new apn.Notification()
  note.topic = topic
  note.pushType = "alert"
  note.priority = 10
  note.id = id
  note.badge = badge
  note.sound = sound
  note.alert = alert
  note.payload = data
  return note
}
