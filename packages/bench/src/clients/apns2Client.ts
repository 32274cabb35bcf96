/** A client of `apns2` that sends to a server of ours. */
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { ApnsClient, Notification, Priority, PushType } from "apns2"
import type { Job } from "../contract.ts"
import { alert, badge, data, sound } from "./workload.ts"

export const version: string = createRequire(createRequire(import.meta.url).resolve("apns2"))(
  "../../package.json"
).version

type Pool = new (origin: string, options: object) => { readonly close: () => Promise<void> }

/**
 * Its pool's origin is fixed to port 443, so the pool is replaced by one of the same class with another origin. Variants:
 * `default`, the options that apns2 gives its pool (32 connections, one request at a time on each); `oneConnection`, the
 * options of undici that allow 1000 requests on one connection. The CA comes by NODE_EXTRA_CA_CERTS.
 */
export const connect = async ({
  credentials,
  host,
  topic,
  url,
  variant
}: Pick<Job, "credentials" | "host" | "topic" | "url" | "variant">) => {
  const { keyId, privateKeyFile, teamId } = credentials
  const client = new ApnsClient({
    team: teamId,
    keyId,
    signingKey: await readFile(privateKeyFile, "utf8"),
    defaultTopic: topic,
    host,
    keepAlive: true
  })
  const inner = client as unknown as { client: { readonly constructor: unknown; readonly close: () => Promise<void> } }
  await inner.client.close()
  inner.client = new (inner.client.constructor as Pool)(url, {
    allowH2: true,
    ...(variant === "oneConnection"
      ? { connections: 1, pipelining: 1_000, maxConcurrentStreams: 1_000 }
      : { connections: 32, pipelining: 1, maxConcurrentStreams: 100 })
  })
  return client
}

/** The notification that every client sends. */
export const notification = (device: string) =>
  new Notification(device, { type: PushType.alert, priority: Priority.immediate, alert, badge, sound, data })
