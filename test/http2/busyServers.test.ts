/** Honest servers that have much to do: a thousand requests in flight, bodies of all sizes, answers that take their time. */
import { deepStrictEqual, strictEqual } from "node:assert"
import { describe, it } from "vitest"
import { busyServers } from "./support/busyServers.ts"
import { client, summary } from "./support/client.ts"

const bodies = [100, 250, 1000, 4096, 5120]
/** The first thousand are all under way before one is answered. */
const delays = [300, 20, 0]
const count = 3000

describe("every request to an honest, busy server is answered", () => {
  for (const [name, start] of busyServers) {
    it.skipIf(start === undefined)(start === undefined ? `${name}: not installed` : name, async () => {
      if (start === undefined) return
      const running = await start()
      try {
        const { ended, send, session } = client(running)
        const requests = Array.from({ length: count }, (_, n) => ({
          path: `/${delays[Math.floor(n / 1000)]}`,
          body: "x".repeat(bodies[n % bodies.length] ?? 0)
        }))
        const endings = await Promise.all(requests.map(send))
        const wrong = endings.map((ending, n) => ({ got: summary(ending), wanted: `200 ${requests[n]?.body.length}` }))
        deepStrictEqual(wrong.filter(({ got, wanted }) => got !== wanted).slice(0, 5), [])
        session.close()
        strictEqual(await ended, undefined)
      } finally {
        await running.stop()
      }
    })
  }
})
