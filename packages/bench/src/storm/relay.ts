/**
 * A TCP relay whose connections fail on demand. It passes bytes on and understands none of them: TLS is between the client
 * and the server.
 */
import { connect, createServer, type Socket } from "node:net"

export type NetworkFault =
  /** After so many more bytes in one direction, in the middle of whatever they are: the client sees RST or FIN. */
  | {
      readonly _tag: "cut"
      readonly of: "requests" | "answers"
      readonly afterBytes: number
      readonly by: "reset" | "end"
    }
  /** FIN to the client; what it still sends reaches the server. */
  | { readonly _tag: "halfClose" }
  /** Nothing is passed on any more, and nobody told. */
  | { readonly _tag: "silence"; readonly of: "both" | "answers" }
  /** Nothing the client sends is read for a while. */
  | { readonly _tag: "pause"; readonly millis: number }
  /** Answers pass slowly for a while. */
  | { readonly _tag: "narrow"; readonly bytesPerMilli: number; readonly millis: number }
  /** Every connection is reset, and new ones are refused for a while. */
  | { readonly _tag: "refuse"; readonly millis: number }

const host = "127.0.0.1"
const turnMillis = 5
const handshakeBytes = 2_000

/** One connection of a client, and the one to the server that carries its bytes. */
class Line {
  private readonly near: Socket
  private readonly far: Socket
  private cut: Extract<NetworkFault, { readonly _tag: "cut" }> | undefined
  private bytesLeft = 0
  private silent: "both" | "answers" | undefined
  private bytesPerMilli: number | undefined
  private carried = 0

  constructor(near: Socket, port: number, onUsed: (line: Line) => void, onClose: (line: Line) => void) {
    this.near = near
    this.far = connect({ port, host, noDelay: true, allowHalfOpen: true })
    near.on("data", (bytes: Buffer) => {
      this.carried += bytes.length
      onUsed(this)
      this.pass("requests", near, this.far, bytes)
    })
    this.far.on("data", (bytes: Buffer) => this.pass("answers", this.far, near, bytes))
    near.on("end", () => this.far.end())
    this.far.on("end", () => {
      if (this.silent === undefined) near.end()
    })
    for (const socket of [near, this.far]) {
      socket.on("error", () => {})
      socket.on("drain", () => (socket === near ? this.far : near).resume())
    }
    near.on("close", () => {
      // What has arrived is still the server's.
      if (this.silent === "both") this.far.destroy()
      else this.far.end()
      onClose(this)
    })
    this.far.on("close", () => {
      if (this.silent === undefined) near.destroy()
    })
  }

  /** Whether it carries requests by now: the handshake takes less. */
  get isEstablished(): boolean {
    return this.carried > handshakeBytes
  }

  /** Whether a fault has it already, so that another one had nothing to break. */
  get isBroken(): boolean {
    return this.cut !== undefined || this.silent !== undefined || this.near.destroyed || this.near.writableEnded
  }

  fail(fault: Exclude<NetworkFault, { readonly _tag: "refuse" }>): void {
    switch (fault._tag) {
      case "cut":
        this.cut = fault
        this.bytesLeft = fault.afterBytes
        return
      case "halfClose":
        this.near.end()
        return
      case "silence":
        this.silent = fault.of
        return
      case "pause":
        this.near.pause()
        setTimeout(() => this.near.resume(), fault.millis)
        return
      case "narrow":
        this.bytesPerMilli = fault.bytesPerMilli
        setTimeout(() => {
          this.bytesPerMilli = undefined
        }, fault.millis)
    }
  }

  reset(): void {
    this.near.resetAndDestroy()
    this.far.destroy()
  }

  destroy(): void {
    this.near.destroy()
    this.far.destroy()
  }

  private pass(of: "requests" | "answers", from: Socket, to: Socket, bytes: Buffer): void {
    if (this.silent === "both" || this.silent === of || to.destroyed || to.writableEnded) return
    if (this.cut?.of === of) {
      this.passUntilCut(this.cut, to, bytes)
      return
    }
    if (of === "answers" && this.bytesPerMilli !== undefined) {
      from.pause()
      this.trickle(from, to, bytes)
      return
    }
    if (!to.write(bytes)) from.pause()
  }

  private passUntilCut({ by }: { readonly by: "reset" | "end" }, to: Socket, bytes: Buffer) {
    const part = bytes.subarray(0, this.bytesLeft)
    this.bytesLeft -= part.length
    if (this.bytesLeft > 0) return void to.write(part)
    to.write(part, () => {
      if (by === "end") this.near.end()
      else this.reset()
    })
  }

  private trickle(from: Socket, to: Socket, bytes: Buffer): void {
    const size = this.bytesPerMilli === undefined ? bytes.length : this.bytesPerMilli * turnMillis
    if (!to.destroyed && !to.writableEnded) to.write(bytes.subarray(0, size))
    if (size >= bytes.length) from.resume()
    else setTimeout(() => this.trickle(from, to, bytes.subarray(size)), turnMillis)
  }
}

export interface Relay {
  readonly port: number
  /** Does it to the connection that was used last, be it in its handshake; or to the next one that carries requests. */
  readonly fail: (fault: NetworkFault) => void
  /** Ends all connections and forgets the faults that wait. */
  readonly clear: () => void
  /** The same, and listens no more. */
  readonly close: () => void
}

/** Relays to a port of this machine. */
export const relayTo = (port: number): Promise<Relay> =>
  new Promise((resolve) => {
    const lines = new Set<Line>()
    const waiting: Array<NetworkFault> = []
    let last: Line | undefined
    let ownPort = 0

    const apply = (line: Line, fault: NetworkFault) => {
      if (fault._tag !== "refuse") return line.fail(fault)
      server.close()
      for (const each of lines) each.reset()
      setTimeout(listen, fault.millis)
    }
    const onUsed = (line: Line) => {
      last = line
      // Faults that wait would else strike one handshake after the other, and nothing but handshakes.
      if (waiting.length === 0 || line.isBroken || !line.isEstablished) return
      const fault = waiting.shift()
      if (fault !== undefined) apply(line, fault)
    }
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const line = new Line(near, port, onUsed, (closed) => {
        lines.delete(closed)
        if (last === closed) last = undefined
      })
      lines.add(line)
    })
    let closed = false
    const listen = () => {
      if (!server.listening && !closed) server.listen(ownPort, host)
    }
    const clear = () => {
      waiting.length = 0
      for (const line of lines) line.destroy()
      listen()
    }
    // Somebody else may hold the port for a moment.
    server.on("error", () => setTimeout(listen, turnMillis))
    server.once("listening", () => {
      const address = server.address()
      ownPort = typeof address === "object" && address !== null ? address.port : 0
      resolve({
        port: ownPort,
        fail: (fault) => {
          if (last !== undefined && !last.isBroken) apply(last, fault)
          else waiting.push(fault)
        },
        clear,
        close: () => {
          closed = true
          clear()
          server.close()
        }
      })
    })
    listen()
  })
