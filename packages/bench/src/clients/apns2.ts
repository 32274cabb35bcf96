/** `apns2`. Variants: see `connect`. */
import { connect, notification, version } from "./apns2Client.ts"
import { main, settle } from "./harness.ts"
import { device } from "./workload.ts"

await main(async (job) => {
  const client = await connect(job)
  return {
    send: (index, done) => settle(client.send(notification(device(index))), done),
    close: () => client.close(),
    version
  }
})
