/**
 * Connecting to one of a host's addresses (Happy Eyeballs, RFC 8305): the next attempt begins when the one before has failed
 * or has had some time for itself, and ends none. The first that connects does.
 */
import * as Dns from "node:dns"
import * as Net from "node:net"

export interface DialOptions {
  /** A name, or an IP address. */
  readonly host: string
  /** Resolves a name. Default: the runtime's, `dns.lookup`. */
  readonly lookup?: Net.LookupFunction | undefined
  /** Begins to connect to an address. */
  readonly connect: (address: string) => Net.Socket
  /** How long an attempt has before the next one begins beside it, in milliseconds. Default 250 (RFC 8305, 8). */
  readonly attemptDelayMillis?: number | undefined
  /** Runs a function later, unless it is called off. Default: a timer of the runtime. */
  readonly later?: ((millis: number, run: () => void) => () => void) | undefined
}

/** What becomes of it. None of these is called before `dial` has returned, nor after `onConnected` and `onFailed`. */
export interface DialListener {
  /** The addresses of the name are known. */
  onResolved?(): void
  /** An address is tried, maybe beside others. */
  onAttempt?(address: string): void
  /** It could not be connected to. */
  onAttemptFailed?(address: string, error: Error): void
  /** The socket is connected to that address. */
  onConnected(socket: Net.Socket, address: string): void
  /** The name has no address, or none could be connected to: why the first of them could not. */
  onFailed(error: Error): void
}

/** Connecting that has not come to its end. */
export interface Dial {
  /**
   * Gives it up. With a reason, this is told of those attempts that have failed by now: not of one that has had less than
   * half the time of the first.
   */
  destroy(reason?: Error): void
}

interface Attempt {
  readonly address: string
  readonly socket: Net.Socket
  readonly startedAt: number
}

interface Address {
  readonly address: string
  readonly family: number
}

const byTimer = (millis: number, run: () => void) => {
  const timer = setTimeout(run, millis)
  return () => clearTimeout(timer)
}

/** One of each family in turn, beginning with that of the first (RFC 8305, 4). */
export const inTurn = (found: ReadonlyArray<Address>): ReadonlyArray<string> => {
  const [first] = found
  const own = found.filter(({ family }) => family === first?.family)
  const others = found.filter(({ family }) => family !== first?.family)
  return own
    .flatMap((address, index) => [address, ...others.slice(index, index + 1)])
    .concat(others.slice(own.length))
    .map(({ address }) => address)
}

/** Connects to a host: to whichever of its addresses answers first. */
export const dial = (options: DialOptions, listener: DialListener): Dial => new Race(options, listener)

class Race implements Dial {
  private readonly options: DialOptions
  private readonly listener: DialListener
  private readonly attempts = new Set<Attempt>()
  private untried: ReadonlyArray<string> = []
  private startedAt = 0
  private failure: Error | undefined
  private callOff: () => void = () => {}
  private over = false

  constructor(options: DialOptions, listener: DialListener) {
    this.options = options
    this.listener = listener
    queueMicrotask(() => this.resolve())
  }

  destroy(reason?: Error): void {
    if (this.over) return
    const now = performance.now()
    const slow = [...this.attempts].filter(({ startedAt }) => now - startedAt >= (now - this.startedAt) / 2)
    this.end()
    if (reason !== undefined) for (const { address } of slow) this.listener.onAttemptFailed?.(address, reason)
  }

  private resolve() {
    const { host, lookup = Dns.lookup } = this.options
    if (this.over) return
    const family = Net.isIP(host)
    if (family !== 0) return this.begin([{ address: host, family }])
    lookup(host, { all: true }, (error, found, family = 4) => {
      if (this.over) return
      if (error !== null) return this.fail(error)
      this.listener.onResolved?.()
      // One that knows nothing of `all` gives one address.
      this.begin(typeof found === "string" ? [{ address: found, family }] : found)
    })
  }

  private begin(found: ReadonlyArray<Address>) {
    if (found.length === 0) {
      const error = new Error(`${this.options.host} has no address`)
      return this.fail(Object.assign(error, { code: "ENOTFOUND", syscall: "getaddrinfo" }))
    }
    this.untried = inTurn(found)
    this.startedAt = performance.now()
    this.next()
  }

  private readonly next = () => {
    this.callOff()
    const [address, ...untried] = this.untried
    if (this.over || address === undefined) return
    const { attemptDelayMillis = 250, connect, later = byTimer } = this.options
    this.untried = untried
    this.listener.onAttempt?.(address)
    let socket: Net.Socket
    try {
      socket = connect(address)
    } catch (error) {
      return this.onError(address, error instanceof Error ? error : new Error(String(error)))
    }
    const attempt: Attempt = { address, socket, startedAt: performance.now() }
    this.attempts.add(attempt)
    const onError = (error: Error) => {
      if (this.attempts.delete(attempt)) this.onError(address, error)
    }
    socket.on("error", onError)
    socket.once("connect", () => {
      if (!this.attempts.delete(attempt)) return
      socket.off("error", onError)
      this.end()
      this.listener.onConnected(socket, address)
    })
    if (untried.length > 0) this.callOff = later(attemptDelayMillis, this.next)
  }

  private onError(address: string, error: Error) {
    this.failure ??= error
    this.listener.onAttemptFailed?.(address, error)
    if (this.untried.length > 0) this.next()
    else if (this.attempts.size === 0) this.fail(this.failure)
  }

  private fail(error: Error) {
    if (this.over) return
    this.end()
    this.listener.onFailed(error)
  }

  /** Ends the attempts that are under way. */
  private end() {
    this.over = true
    this.callOff()
    for (const { socket } of this.attempts) socket.destroy()
    this.attempts.clear()
  }
}
