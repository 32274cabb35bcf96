/** `node:http2` with nothing around it: a constant body, headers built by hand. What every other client in Node stands on. */
import { readFile } from "node:fs/promises"
import { connect, constants } from "node:http2"
import { main } from "./harness.ts"
import { body, fields, id, path } from "./workload.ts"

const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS } = constants

await main(async (job) => {
  const session = connect(job.url, { ca: await readFile(job.ca), settings: { enablePush: false } })
  await new Promise((resolve, reject) => session.once("remoteSettings", resolve).once("error", reject))
  const common = fields(job)
  return {
    send: (index, done) => {
      const stream = session.request({
        [HTTP2_HEADER_METHOD]: "POST",
        [HTTP2_HEADER_PATH]: path(index),
        ...common,
        "apns-id": id(),
        "content-length": body.length
      })
      let status: number | undefined
      let problem: unknown
      stream.on("response", (headers) => {
        status = Number(headers[HTTP2_HEADER_STATUS])
      })
      stream.on("error", (error) => {
        problem = error
      })
      stream.on("close", () => done(status === 200 ? undefined : (problem ?? `status ${status}`)))
      stream.resume()
      stream.end(body)
    },
    close: () => session.destroy(),
    version: process.version
  }
})
