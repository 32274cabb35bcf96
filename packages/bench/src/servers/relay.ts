/**
 * A TCP relay that delays: `relay.ts <port> <milliseconds>`. Every byte leaves that long after it arrived, each way, in
 * order; there is no bound on the bandwidth, and one of 64 MiB on what is under way.
 */
import { connect, createServer, type Socket } from "node:net"

const [port = 0, delayMillis = 0] = process.argv.slice(-2).map(Number)

const most = 64 * 1_024 * 1_024

const forward = (from: Socket, to: Socket): void => {
  const queue: Array<{ readonly at: number; readonly bytes: Buffer | undefined }> = []
  let held = 0
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    timer = undefined
    const now = performance.now()
    to.cork()
    while (queue[0] !== undefined && queue[0].at <= now) {
      const bytes = queue.shift()?.bytes
      if (bytes === undefined) to.end()
      else {
        held -= bytes.length
        to.write(bytes)
      }
    }
    to.uncork()
    if (held < most && from.isPaused()) from.resume()
    schedule()
  }
  const schedule = () => {
    if (timer === undefined && queue[0] !== undefined) {
      timer = setTimeout(flush, Math.max(0, queue[0].at - performance.now()))
    }
  }
  const push = (bytes: Buffer | undefined) => {
    queue.push({ at: performance.now() + delayMillis, bytes })
    schedule()
  }
  from.on("data", (bytes: Buffer) => {
    held += bytes.length
    if (held >= most) from.pause()
    push(bytes)
  })
  from.on("end", () => push(undefined))
  from.on("close", () => {
    if (from.errored !== null) to.destroy()
  })
  from.on("error", () => {})
  to.on("close", () => clearTimeout(timer))
}

const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true })
  forward(near, far)
  forward(far, near)
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object" && address !== null) {
    process.stdout.write(`${JSON.stringify({ port: address.port })}\n`)
  }
})
process.once("SIGTERM", () => process.exit(0))
