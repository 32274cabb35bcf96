/**
 * `@parse/node-apn`. Variants: `each`, a notification for each device; `fanOut`, one notification handed to it with many
 * devices, as many at a time as the window holds (handed 50,000 at once, most fail: Node bounds a session's memory).
 */
import { main, type Tally } from "./harness.ts"
import { connect, notification, version } from "./nodeApnProvider.ts"
import { device, id } from "./workload.ts"

interface Failure {
  readonly status?: number
  readonly error?: Error
  readonly response?: unknown
}

await main(async (job) => {
  const { concurrency, topic, variant } = job
  const provider = connect(job)
  const problemOf = ({ error, status, response }: Failure) => error?.message ?? `${status} ${JSON.stringify(response)}`
  const sendRange = async (start: number, end: number, tally: Tally) => {
    for (let first = start; first < end; first += concurrency) {
      const devices = Array.from({ length: Math.min(concurrency, end - first) }, (_, index) => device(first + index))
      const { sent, failed } = await provider.send(notification(topic, id()), devices)
      tally.accepted += sent.length
      for (const failure of failed) tally.count(problemOf(failure as Failure))
    }
  }
  return {
    send: (index, done) => {
      provider
        .send(notification(topic, id()), device(index))
        .then(({ failed: [failure] }) => done(failure === undefined ? undefined : problemOf(failure as Failure)), done)
    },
    ...(variant === "fanOut" && { sendRange }),
    close: () => provider.shutdown(),
    version
  }
})
