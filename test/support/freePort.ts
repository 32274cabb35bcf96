import { createServer } from "node:net"

/** Below the ports that systems give to whoever asks for any: a server that is down for a while finds its own free again. */
const lowest = 15_000
const highest = 30_000

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const probe = createServer()
    probe.once("error", () => resolve(false))
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)))
  })

/** A port of the loopback interface that nothing listens on. */
export const freePort = async (): Promise<number> => {
  while (true) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (await isFree(port)) return port
  }
}
