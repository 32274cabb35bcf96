/**
 * Plays the server, frame by frame, against a `Connection` in memory:
 *
 * ```ts
 * const server = play()
 * server.settings({ maxConcurrentStreams: 1 })
 * const request = server.request({ path: "/a" })
 * server.expectHeaders(1, { ":path": "/a" })
 * server.respond(1, 200)
 * request.expect("Answered")
 * server.expectNothing()
 * ```
 *
 * What the client writes is read by the `expect` functions in order, and nothing may be left unread at
 * `expectNothing`. The client's bytes are taken, as by a socket, at each `expect` or by `flush`.
 */
import { deepStrictEqual, fail, ok, strictEqual } from "node:assert"
import {
  Connection,
  type ConnectionError,
  type ConnectionOptions,
  type Ending,
  ErrorCode,
  type GoAway,
  type Request,
  type Stream
} from "@effect-apns/http2"
import { Decoder } from "../../../packages/http2/src/hpack/index.ts"
import {
  block,
  describe,
  type Frame,
  frame,
  parse,
  type SettingsValues,
  settingsPayload,
  types,
  uint32
} from "./frames.ts"

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

/** A request that was made, and its endings: one, when all is well. */
export class Requested {
  readonly endings: Array<Ending> = []
  stream!: Stream

  /** Its ending, which must be the only one and of this kind. */
  expect<Tag extends Ending["_tag"]>(tag: Tag): Extract<Ending, { _tag: Tag }> {
    deepStrictEqual(
      this.endings.map((ending) => ending._tag),
      [tag]
    )
    return this.endings[0] as Extract<Ending, { _tag: Tag }>
  }

  expectPending(): void {
    deepStrictEqual(this.endings, [])
  }
}

export interface ResponseOptions {
  readonly fields?: ReadonlyArray<readonly [string, string]>
  readonly body?: string
  readonly trailers?: ReadonlyArray<readonly [string, string]>
}

export class Play {
  readonly connection: Connection
  /** What the connection reported, in order. */
  readonly events: Array<string> = []
  readonly goAways: Array<GoAway> = []
  /** How often the connection said that it is over. */
  closes: Array<ConnectionError | undefined> = []
  onCapacity: () => void = () => {}
  private unread: Array<Frame> = []
  private partial: Buffer = Buffer.alloc(0)
  private prefaceRead = false
  private readonly decoder = new Decoder({ maxTableSize: 4096, maxHeaderListSize: 1_000_000 })

  constructor(options: Partial<ConnectionOptions> = {}) {
    this.connection = new Connection(
      { scheme: "https", authority: "example.com", ...options },
      {
        onWork: () => {},
        onReady: () => this.events.push("ready"),
        onCapacity: () => {
          this.events.push("capacity")
          this.onCapacity()
        },
        onGoAway: (goAway) => {
          this.events.push("goAway")
          this.goAways.push(goAway)
        },
        onClose: (error) => {
          this.events.push("close")
          this.closes.push(error)
        }
      }
    )
  }

  // The client's part

  request(request: Partial<Request> = {}): Requested {
    const requested = new Requested()
    requested.stream = this.connection.open({ method: "POST", path: "/", ...request }, (ending) => {
      this.events.push(ending._tag)
      requested.endings.push(ending)
    })
    return requested
  }

  /** Lets the driver's turn come: endings are delivered and bytes are taken. */
  flush(): void {
    this.connection.deliver()
    for (let bytes = this.connection.take(); bytes !== undefined; bytes = this.connection.take()) {
      this.partial = Buffer.concat([this.partial, bytes])
      this.connection.recycle()
    }
    if (!this.prefaceRead && this.partial.length >= preface.length) {
      strictEqual(this.partial.toString("latin1", 0, preface.length), preface)
      this.partial = this.partial.subarray(preface.length)
      this.prefaceRead = true
    }
    const { frames, rest } = parse(this.partial)
    this.partial = rest
    this.unread.push(...frames)
  }

  // What the server sends

  bytes(bytes: Buffer): void {
    this.connection.receive(bytes)
  }

  frame(type: number, flags: number, streamId: number, payload?: Uint8Array): void {
    this.bytes(frame(type, flags, streamId, payload))
  }

  /** Sends SETTINGS and, the first time, reads the client's connection preface. */
  settings(values: SettingsValues = {}): void {
    if (!this.prefaceRead) this.expectPreface()
    this.frame(types.settings, 0, 0, settingsPayload(values))
    this.expectFrame(types.settings, 1, 0)
  }

  settingsAck(): void {
    this.frame(types.settings, 1, 0)
  }

  headers(streamId: number, fields: ReadonlyArray<readonly [string, string]>, end = false): void {
    this.frame(types.headers, end ? 5 : 4, streamId, block(fields))
  }

  data(streamId: number, data: string | Uint8Array, end = false): void {
    this.frame(types.data, end ? 1 : 0, streamId, Buffer.from(data as string))
  }

  respond(streamId: number, status: number, options: ResponseOptions = {}): void {
    const { fields = [], body, trailers } = options
    this.headers(streamId, [[":status", String(status)], ...fields], body === undefined && trailers === undefined)
    if (body !== undefined) this.data(streamId, body, trailers === undefined)
    if (trailers !== undefined) this.headers(streamId, trailers, true)
  }

  reset(streamId: number, code: number): void {
    this.frame(types.rstStream, 0, streamId, uint32(code))
  }

  goAway(lastStreamId: number, code: number, debugData = ""): void {
    this.frame(types.goAway, 0, 0, Buffer.concat([uint32(lastStreamId, code), Buffer.from(debugData)]))
  }

  windowUpdate(streamId: number, increment: number): void {
    this.frame(types.windowUpdate, 0, streamId, uint32(increment))
  }

  ping(payload: string): void {
    this.frame(types.ping, 0, 0, Buffer.from(payload, "hex"))
  }

  end(problem = "the peer ended the connection"): void {
    this.connection.receiveEnd(problem)
  }

  // What the server expects

  expectPreface(): void {
    const settings = this.expectFrame(types.settings, 0, 0)
    ok(settings.payload.length % 6 === 0)
    this.expectFrame(types.windowUpdate, 0, 0)
  }

  /** The next frame, which must be of this type and on this stream, and have these flags if any are given. */
  expectFrame(type: number, flags: number | undefined, streamId: number): Frame {
    this.flush()
    const next = this.unread.shift()
    if (next === undefined) fail(`expected a frame of type ${type} on stream ${streamId}, but nothing was written`)
    const wanted = { type, streamId, flags: flags ?? next.flags }
    deepStrictEqual({ type: next.type, streamId: next.streamId, flags: next.flags }, wanted, `got ${describe(next)}`)
    return next
  }

  /** A request's header section, over CONTINUATION frames if need be; it must have these fields. */
  expectHeaders(streamId: number, fields: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
    const first = this.expectFrame(types.headers, undefined, streamId)
    const parts = [first.payload]
    for (let { flags } = first; (flags & 4) === 0; ) {
      const next = this.expectFrame(types.continuation, undefined, streamId)
      parts.push(next.payload)
      flags = next.flags
    }
    const decoded = Object.fromEntries(this.decoder.decode(Buffer.concat(parts)))
    for (const [name, value] of Object.entries(fields)) strictEqual(decoded[name], value, name)
    return decoded
  }

  expectData(streamId: number, data: string, end = true): void {
    const { payload } = this.expectFrame(types.data, end ? 1 : 0, streamId)
    strictEqual(payload.toString("utf8"), data)
  }

  expectReset(streamId: number, code: keyof typeof ErrorCode): void {
    const { payload } = this.expectFrame(types.rstStream, 0, streamId)
    strictEqual(payload.readUInt32BE(0), ErrorCode[code])
  }

  /** RST_STREAM with CANCEL, and the PING whose answer will tell that it has come. */
  expectCancel(streamId: number): void {
    this.expectReset(streamId, "CANCEL")
    this.expectFrame(types.ping, 0, 0)
  }

  /** Answers every PING of the client's, and those that it sends then. */
  pong(): void {
    for (;;) {
      this.flush()
      const index = this.unread.findIndex(({ flags, type }) => type === types.ping && flags === 0)
      const [ping] = index < 0 ? [] : this.unread.splice(index, 1)
      if (ping === undefined) return
      this.frame(types.ping, 1, 0, ping.payload)
    }
  }

  expectWindowUpdate(streamId: number, increment: number): void {
    strictEqual(this.expectFrame(types.windowUpdate, 0, streamId).payload.readUInt32BE(0), increment)
  }

  expectGoAway(code: keyof typeof ErrorCode): void {
    const { payload } = this.expectFrame(types.goAway, 0, 0)
    deepStrictEqual([payload.readUInt32BE(0), payload.readUInt32BE(4)], [0, ErrorCode[code]])
  }

  /** The client ended the connection for an error: GOAWAY is the last it wrote, and it has said so, once. */
  expectConnectionError(code: keyof typeof ErrorCode): void {
    this.expectGoAway(code)
    this.expectNothing()
    strictEqual(this.closes.length, 1)
    strictEqual(this.closes[0]?.code, ErrorCode[code])
  }

  /** Everything the client has written and no expectation has read. */
  unreadFrames(): ReadonlyArray<Frame> {
    this.flush()
    return this.unread.splice(0)
  }

  expectNothing(): void {
    this.flush()
    deepStrictEqual(this.unread.map(describe), [])
  }
}

export const play = (options?: Partial<ConnectionOptions>): Play => new Play(options)

/** A connection that is ready, with the preface and the settings behind it. */
export const ready = (settings: SettingsValues = {}, options?: Partial<ConnectionOptions>): Play => {
  const server = play(options)
  server.settings(settings)
  server.settingsAck()
  return server
}
