/** `@parse/node-apn` in the storm, with its defaults: 5 seconds for a request, up to three retries of 429 and 5xx. */
import { connect, notification, version } from "../../clients/nodeApnProvider.ts"
import { deviceOf, idOf } from "../ledger.ts"
import { main } from "./peer.ts"

interface Failure {
  readonly status?: number | string
  readonly error?: Error
  readonly response?: { readonly reason?: string }
}

await main(async (job) => {
  const provider = connect(job)
  return {
    send: async (index) => {
      const { failed } = await provider.send(notification(job.topic, idOf(index)), deviceOf(index))
      const failure = failed[0] as Failure | undefined
      if (failure === undefined) return { word: "accepted" }
      const reason = failure.response?.reason ?? failure.error?.message ?? String(failure)
      return { word: typeof failure.status === "number" ? "refused" : "failed", reason }
    },
    version,
    settings: "defaults"
  }
})
