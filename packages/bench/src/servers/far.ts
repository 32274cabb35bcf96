/**
 * A server far away that is never the limit: `far.ts <certificate> <key> <milliseconds>`. Over TLS, it answers every
 * request with `200` and no body, so long after it arrived. It reads frames and ignores what is in them, so that thousands
 * of answers cost it next to nothing; whoever connects may have a thousand streams.
 */
import { readFileSync } from "node:fs"
import { createServer, type TLSSocket } from "node:tls"

const [certificate = "", key = "", millis = ""] = process.argv.slice(-3)
const roundTripMillis = Number(millis)

const prefaceLength = 24
const frameHeaderLength = 9

const Frame = { DATA: 0, HEADERS: 1, SETTINGS: 4, PING: 6 }

const frame = (type: number, flags: number, streamId: number, payload: Uint8Array): Buffer => {
  const bytes = Buffer.alloc(frameHeaderLength + payload.length)
  bytes.writeUIntBE(payload.length, 0, 3)
  bytes[3] = type
  bytes[4] = flags
  bytes.writeUInt32BE(streamId, 5)
  bytes.set(payload, frameHeaderLength)
  return bytes
}

// 1000 streams, and room for every body there will be.
const settings = Buffer.from([0, 3, 0, 0, 3, 0xe8, 0, 4, 0x7f, 0xff, 0xff, 0xff])
const windowUpdate = Buffer.from([0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xff, 0, 0])
const acknowledgement = 1
const endStream = 1
const indexedStatus200 = Uint8Array.of(0x88)
const answer = (streamId: number) => frame(Frame.HEADERS, endStream | 4, streamId, indexedStatus200)

/** What goes out in answer to the frames in `bytes`, and how many of them were whole. */
const answersTo = (bytes: Buffer): { readonly answers: ReadonlyArray<Buffer>; readonly read: number } => {
  const answers: Array<Buffer> = []
  let at = 0
  while (at + frameHeaderLength <= bytes.length) {
    const end = at + frameHeaderLength + bytes.readUIntBE(at, 3)
    if (end > bytes.length) break
    const type = bytes[at + 3]
    const flags = bytes[at + 4] ?? 0
    const isRequest = type === Frame.HEADERS || type === Frame.DATA
    if (isRequest && (flags & endStream) !== 0) answers.push(answer(bytes.readUInt32BE(at + 5)))
    if (type === Frame.SETTINGS && (flags & acknowledgement) === 0) {
      answers.push(frame(Frame.SETTINGS, acknowledgement, 0, new Uint8Array()))
    }
    if (type === Frame.PING && (flags & acknowledgement) === 0) {
      answers.push(frame(Frame.PING, acknowledgement, 0, bytes.subarray(at + frameHeaderLength, end)))
    }
    at = end
  }
  return { answers, read: at }
}

interface Held {
  readonly at: number
  readonly socket: TLSSocket
  readonly bytes: Buffer
}

/** Everything is held equally long, so that what came first leaves first. */
let held: Array<Held> = []
let waiting = false

const release = () => {
  waiting = false
  const now = performance.now()
  let due = 0
  for (let next = held[due]; next !== undefined && next.at <= now; next = held[++due]) next.socket.write(next.bytes)
  if (due > 0) held = held.slice(due)
  schedule()
}

// A timer is late by up to 1 ms, which would be 2 % of the way: it only comes near, and turns of the event loop do the rest.
const schedule = () => {
  const next = held[0]
  if (waiting || next === undefined) return
  waiting = true
  const left = next.at - performance.now()
  if (left > 2) setTimeout(release, left - 2)
  else setImmediate(release)
}

const server = createServer(
  { cert: readFileSync(certificate), key: readFileSync(key), ALPNProtocols: ["h2"], noDelay: true },
  (socket) => {
    let rest: Buffer = Buffer.alloc(0)
    let preface = prefaceLength
    socket.write(Buffer.concat([frame(Frame.SETTINGS, 0, 0, settings), windowUpdate]))
    socket.on("data", (chunk: Buffer) => {
      const start = Math.min(preface, chunk.length)
      preface -= start
      const bytes = rest.length === 0 ? chunk.subarray(start) : Buffer.concat([rest, chunk.subarray(start)])
      const { answers, read } = answersTo(bytes)
      rest = bytes.subarray(read)
      if (answers.length === 0) return
      held.push({ at: performance.now() + roundTripMillis, socket, bytes: Buffer.concat(answers) })
      schedule()
    })
    socket.on("error", () => socket.destroy())
  }
)

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object" && address !== null) {
    process.stdout.write(`${JSON.stringify({ port: address.port })}\n`)
  }
})
process.once("SIGTERM", () => process.exit(0))
