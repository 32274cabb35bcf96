/**
 * effect-apns. Variants: `runPromise`, a Promise for each notification; `forEach`, all of them in one Effect; `sendAll`, a
 * Stream of them; `fanOut`, the same with a payload that was encoded once.
 */
import { readFile } from "node:fs/promises"
import { Effect, ManagedRuntime, Stream } from "effect"
import { Apns, Credentials, Notification, send, sendAll } from "effect-apns"
import { main, settle, type Tally } from "./harness.ts"
import { alert, badge, data, device, id } from "./workload.ts"

const typed = (index: number) =>
  Notification.alert({ device: device(index), id: id(), alert, badge, sound: "default", priority: 10, data })

/** `Notification.fanOut` over the devices. */
const fanOut = (start: number, end: number) =>
  Notification.fanOut(
    typed(0),
    (function* () {
      for (let index = start; index < end; index++) yield device(index)
    })()
  )

await main(async ({ host, port, ca, credentials, topic, concurrency, mode, variant }) => {
  const runtime = ManagedRuntime.make(
    Apns.layer({
      environment: { host, port, ca: await readFile(ca, "utf8") },
      credentials: Credentials.token(credentials),
      topic
    })
  )
  const context = await runtime.context()
  const runPromise = Effect.runPromiseWith(context)
  const apns = await runtime.runPromise(Apns)
  const sendRange = (start: number, end: number, tally: Tally) => {
    if (variant === "forEach") {
      // Made once: V8 allocates functions of an object literal among its old objects, each time.
      const count = {
        onSuccess: () => tally.count(undefined),
        onFailure: (error: unknown) => tally.count(error)
      }
      const indices = (function* () {
        for (let index = start; index < end; index++) yield index
      })()
      const counted = (index: number) => Effect.matchEager(apns.send(typed(index)), count)
      return runPromise(Effect.forEach(indices, counted, { concurrency, discard: true }))
    }
    const notifications =
      variant === "fanOut"
        ? Stream.fromIterable(fanOut(start, end), { chunkSize: 100 })
        : Stream.range(start, end - 1, 100).pipe(Stream.map(typed))
    return runPromise(
      // Memory is measured with the library's own window.
      sendAll(notifications, mode === "memory" ? {} : { concurrency }).pipe(
        Stream.runForEachArray((results) =>
          Effect.sync(() => {
            for (const result of results) tally.count(result.outcome === "accepted" ? undefined : result.error)
          })
        )
      )
    )
  }
  return {
    send: (index, done) => settle(runPromise(send(typed(index))), done),
    ...(variant !== "runPromise" && { sendRange }),
    close: () => runtime.dispose()
  }
})
