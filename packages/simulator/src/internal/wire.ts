/** The stream between a TLS socket and its HTTP/2 session, where outgoing frames are completed. See `frames.ts`. */
import { Duplex } from "node:stream"
import type { TLSSocket } from "node:tls"
import { type FrameChoices, makeOutgoingFrames, type OutgoingFrames } from "./frames.ts"

export class Wire extends Duplex {
  readonly #socket: TLSSocket
  readonly #frames: OutgoingFrames

  constructor(socket: TLSSocket, choices: FrameChoices) {
    super()
    this.#socket = socket
    this.#frames = makeOutgoingFrames(choices)
    socket.on("data", (chunk) => {
      if (!this.push(chunk)) socket.pause()
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

  /** Sends what was written so far, then ends the connection. What the session writes later is dropped. */
  finish(): void {
    if (this.writableEnded) return
    // An empty write comes after all those that still wait.
    this.write(Buffer.alloc(0), () => this.#socket.end())
  }

  #send(buffers: Array<Buffer>, callback: () => void): void {
    if (buffers.length === 0 || this.#socket.writableEnded || this.#socket.destroyed) {
      callback()
      return
    }
    // The callback is called with an error when the socket dies; the socket's own events tell that.
    this.#socket.write(Buffer.concat(buffers), () => callback())
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
    this.#socket.destroy()
    callback(error)
  }
}
