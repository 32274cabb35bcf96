/** The stream between a TLS socket and its HTTP/2 session, where outgoing frames are completed. See `frames.ts`. */
import { Duplex } from "node:stream"
import type { TLSSocket } from "node:tls"
import { type FrameChoices, makeOutgoingFrames, type OutgoingFrames } from "./frames.ts"

export class Wire extends Duplex {
  readonly #socket: TLSSocket
  readonly #frames: OutgoingFrames
  #bytesPerSecond = Number.POSITIVE_INFINITY
  /** When the bytes passed so far will have taken their time, in milliseconds of the process. */
  #readFreeAt = 0
  #writeFreeAt = 0
  #cut = false
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(socket: TLSSocket, choices: FrameChoices) {
    super()
    this.#socket = socket
    this.#frames = makeOutgoingFrames(choices)
    socket.on("data", (chunk: Buffer) => {
      const wait = this.#passRead(chunk.length)
      if (wait > 0) {
        socket.pause()
        this.#after(wait, () => {
          if (this.push(chunk)) socket.resume()
        })
      } else if (!this.push(chunk)) socket.pause()
    })
    socket.on("end", () => this.push(null))
    socket.on("error", () => this.destroy())
    socket.on("close", () => this.destroy())
    // A session that loses its stream reports it itself; an unheard error would end the process.
    this.on("error", () => {})
  }

  /** Sends a frame of our own after the frame now being sent. */
  insert(frame: Buffer): void {
    this.#send(this.#frames.insert(frame), () => {})
  }

  /** Lets at most so many bytes through each way from now on. */
  limitBandwidth(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond
  }

  /** Sends `bytes` behind the frame now being sent and cuts the socket, without the farewell of TLS. */
  cut(bytes: Buffer): void {
    if (this.#cut) return
    const last = this.#frames.insert(bytes)
    this.#cut = true
    this.#socket.write(Buffer.concat(last), () => this.#socket.destroy())
  }

  /** Sends what was written so far, then ends the connection. What the session writes later is dropped. */
  finish(): void {
    if (this.writableEnded) return
    // An empty write comes after all those that still wait.
    this.write(Buffer.alloc(0), () => this.#socket.end())
  }

  #send(buffers: Array<Buffer>, callback: () => void): void {
    if (buffers.length === 0 || this.#cut || this.#socket.writableEnded || this.#socket.destroyed) {
      callback()
      return
    }
    const [only] = buffers
    const bytes = buffers.length === 1 && only !== undefined ? only : Buffer.concat(buffers)
    if (this.#bytesPerSecond === Number.POSITIVE_INFINITY) {
      // The callback is called with an error when the socket dies; the socket's own events tell that.
      this.#socket.write(bytes, () => callback())
    } else this.#sendSlowly(bytes, callback)
  }

  /** Each slice is a twentieth of a second's bytes. */
  #sendSlowly(bytes: Buffer, callback: () => void): void {
    const slice = Math.max(1, Math.ceil(this.#bytesPerSecond / 20))
    const now = performance.now()
    this.#writeFreeAt = Math.max(this.#writeFreeAt, now)
    const next = (at: number) => {
      if (at >= bytes.length || this.#cut || this.#socket.destroyed) {
        callback()
        return
      }
      const part = bytes.subarray(at, at + slice)
      this.#writeFreeAt += (1_000 * part.length) / this.#bytesPerSecond
      this.#after(this.#writeFreeAt - performance.now(), () => {
        if (!this.#socket.destroyed) this.#socket.write(part)
        next(at + slice)
      })
    }
    next(0)
  }

  /** How long bytes that were read have to wait. */
  #passRead(bytes: number): number {
    if (this.#bytesPerSecond === Number.POSITIVE_INFINITY) return 0
    const now = performance.now()
    this.#readFreeAt = Math.max(this.#readFreeAt, now) + (1_000 * bytes) / this.#bytesPerSecond
    return this.#readFreeAt - now
  }

  #after(millis: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      action()
    }, millis)
    this.#timers.add(timer)
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#send(this.#frames.pass(chunk), callback)
  }

  override _writev(chunks: Array<{ readonly chunk: Buffer }>, callback: () => void): void {
    this.#send(
      chunks.flatMap(({ chunk }) => this.#frames.pass(chunk)),
      callback
    )
  }

  override _final(callback: () => void): void {
    this.#socket.end()
    callback()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    this.#socket.destroy()
    callback(error)
  }
}
