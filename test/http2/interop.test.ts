/** The driver against servers that nobody here wrote; and the same answers as `node:http2` has from them. */
import { deepStrictEqual, ok, strictEqual } from "node:assert"
import * as Http2 from "node:http2"
import { describe, it } from "vitest"
import { client, summary } from "./support/client.ts"
import { h2o, haproxy, installed, nghttpd, nginx, nodeServer, type Running } from "./support/servers.ts"

/** mulberry32 */
const randomOf = (seed: number) => {
  let state = seed
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

interface Planned {
  readonly method: string
  readonly path: string
  readonly fields: ReadonlyArray<readonly [string, string]>
  readonly body: string
}

/** A plan of requests: what is asked, in which order. */
const plan = (
  seed: number,
  count: number,
  paths: ReadonlyArray<string>,
  methods: ReadonlyArray<string>
): Array<Planned> => {
  const random = randomOf(seed)
  return Array.from({ length: count }, (_, index) => ({
    method: methods[random(methods.length)] ?? "POST",
    path: paths[random(paths.length)] ?? "/",
    fields: Array.from(
      { length: random(6) },
      (_, field) => [`x-${field}`, "v".repeat(random(random(10) === 0 ? 2000 : 30)) + index] as const
    ),
    body: random(3) === 0 ? "" : "ü0123456789".repeat(random(random(20) === 0 ? 8000 : 30))
  }))
}

const byOurs = async (running: Running, requests: ReadonlyArray<Planned>): Promise<ReadonlyArray<string>> => {
  const { session, send, ended } = client({ ...running, maxBodySize: 1_000_000 })
  const endings = await Promise.all(
    requests.map(({ method, path, fields, body }) => send({ method, path, fields, body: method === "GET" ? "" : body }))
  )
  session.close()
  strictEqual(await ended, undefined)
  return endings.map(summary)
}

const byNode = async (running: Running, requests: ReadonlyArray<Planned>): Promise<ReadonlyArray<string>> => {
  const session = Http2.connect(`https://${running.host}:${running.port}`, { ca: running.ca })
  await new Promise((resolve) => session.once("remoteSettings", resolve))
  const answers = await Promise.all(
    requests.map(
      ({ method, path, fields, body }) =>
        new Promise<string>((resolve) => {
          const stream = session.request({ ":method": method, ":path": path, ...Object.fromEntries(fields) })
          let status = ""
          let text = ""
          stream.setEncoding("utf8")
          stream.on("response", (headers) => {
            status = String(headers[":status"])
          })
          stream.on("data", (chunk) => {
            text += chunk
          })
          stream.on("error", () => {})
          stream.on("close", () => {
            const ending = stream.rstCode === 7 ? "Refused" : "Reset"
            resolve(stream.rstCode !== 0 ? ending : `${status} ${text}`.trim())
          })
          // Node ends the stream of a GET by itself.
          if (method !== "GET") stream.end(body)
        })
    )
  )
  session.close()
  return answers
}

const same = async (running: Running, requests: ReadonlyArray<Planned>) => {
  const [ours, node] = [await byOurs(running, requests), await byNode(running, requests)]
  deepStrictEqual(ours, node)
  return ours
}

describe("Node's own server", () => {
  it("gives ours and node:http2 the same answers to random plans: echoes, refusals, resets, trailers", async () => {
    const running = await nodeServer(
      (stream, headers) => {
        const path = headers[":path"]
        const fields = Object.entries(headers)
          .filter(([name]) => name.startsWith("x-"))
          .map(([name, value]) => `${name}=${String(value).length}`)
          .join(" ")
        if (path === "/refuse") return stream.close(7)
        if (path === "/reset") return stream.close(2)
        let length = 0
        stream.on("data", (chunk: Buffer) => {
          length += chunk.length
        })
        stream.on("end", () => {
          stream.respond({ ":status": path === "/missing" ? 404 : 200 }, { waitForTrailers: path === "/trailers" })
          stream.on("wantTrailers", () => stream.sendTrailers({ t: "u" }))
          stream.end(`${headers[":method"]} ${path} ${length} ${fields}`.repeat(path === "/long" ? 500 : 1))
        })
      },
      { settings: { maxConcurrentStreams: 20 } }
    )
    try {
      const paths = ["/a", "/b", "/missing", "/refuse", "/reset", "/trailers", "/long"]
      for (const seed of [1, 2, 3]) {
        const answers = await same(running, plan(seed, 300, paths, ["POST", "GET", "PUT"]))
        for (const kind of ["200", "404", "Refused", "Reset"]) ok(answers.some((answer) => answer.startsWith(kind)))
      }
    } finally {
      await running.stop()
    }
  }, 120_000)
})

const withServer = (
  name: string,
  start: (path: string) => Promise<Running>,
  run: (running: Running) => Promise<void>
) => {
  const path = installed(name)
  const title = path === undefined ? `${name}: skipped: not installed` : name
  it.skipIf(path === undefined)(
    title,
    async () => {
      const running = await start(path ?? name)
      try {
        await run(running)
      } finally {
        await running.stop()
      }
    },
    120_000
  )
}

describe("gives ours and node:http2 the same answers, and ours many at once", () => {
  withServer("nginx", nginx, async (running) => {
    const answers = await same(running, plan(4, 300, ["/", "/text", "/missing"], ["GET", "POST"]))
    ok(answers.includes("200 hello world"))
    const many = Array.from({ length: 5000 }, () => ({ method: "POST", path: "/", fields: [], body: "x".repeat(250) }))
    ok((await byOurs(running, many)).every((answer) => answer === "200"))
  })

  withServer("haproxy", haproxy, async (running) => {
    const answers = await same(running, plan(6, 300, ["/text", "/missing"], ["GET", "POST"]))
    ok(answers.includes("200 hello world"))
    const many = Array.from({ length: 5000 }, () => ({ method: "GET", path: "/text", fields: [], body: "" }))
    ok((await byOurs(running, many)).every((answer) => answer === "200 hello world"))
  })

  withServer("h2o", h2o, async (running) => {
    const answers = await same(running, plan(7, 300, ["/text", "/missing"], ["GET", "POST"]))
    ok(answers.includes("200 hello world"))
    const many = Array.from({ length: 5000 }, () => ({ method: "GET", path: "/text", fields: [], body: "" }))
    ok((await byOurs(running, many)).every((answer) => answer === "200 hello world"))
  })

  withServer("nghttpd", nghttpd, async (running) => {
    const answers = await same(running, plan(5, 300, ["/text", "/missing"], ["GET", "POST"]))
    ok(answers.includes("200 hello world"))
    const many = Array.from({ length: 5000 }, () => ({ method: "GET", path: "/text", fields: [], body: "" }))
    ok((await byOurs(running, many)).every((answer) => answer === "200 hello world"))
  })
})
