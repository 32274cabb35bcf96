/** `apns2` in the storm, with its defaults: 32 connections, and no retries but undici's. */
import { ApnsError, Errors } from "apns2"
import { connect, notification, version } from "../../clients/apns2Client.ts"
import { deviceOf } from "../ledger.ts"
import { main } from "./peer.ts"

await main(async (job) => {
  const client = await connect({ ...job, variant: "default" })
  return {
    send: (index) =>
      client.send(notification(deviceOf(index))).then(
        () => ({ word: "accepted" }),
        (error: unknown) => {
          const isAnswer = error instanceof ApnsError && error.reason !== Errors.unknownError
          return { word: isAnswer ? "refused" : "failed", reason: String(error) }
        }
      ),
    version,
    settings: "defaults"
  }
})
