/** A session as promises, for tests. */
import {
  type ConnectOptions,
  connect,
  type Ending,
  type GoAway,
  type Request,
  type Session,
  type SessionFailure
} from "@effect-apns/http2"

export interface Client {
  readonly session: Session
  readonly goAways: ReadonlyArray<GoAway>
  /** Resolves when the session is ready or over. */
  readonly ready: Promise<void>
  readonly ended: Promise<SessionFailure | undefined>
  /** Opens a stream as soon as one may be opened; on a session that is over it is never written. */
  send(request?: Partial<Request>): Promise<Ending>
}

const settledLater = <A>() => {
  let resolve: (value: A) => void = () => {}
  const promise = new Promise<A>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

export const client = (options: ConnectOptions): Client => {
  const goAways: Array<GoAway> = []
  const waiting: Array<() => void> = []
  const isReady = settledLater<void>()
  const ended = settledLater<SessionFailure | undefined>()
  let over = false
  const pump = () => {
    while (waiting.length > 0 && session.openable > 0) waiting.shift()?.()
  }
  const session = connect(options, {
    onReady: () => {
      isReady.resolve()
      pump()
    },
    onCapacity: pump,
    onGoAway: (goAway) => {
      goAways.push(goAway)
    },
    onEnd: (failure) => {
      over = true
      isReady.resolve()
      ended.resolve(failure)
      for (const open of waiting.splice(0)) open()
    }
  })
  return {
    session,
    goAways,
    ready: isReady.promise,
    ended: ended.promise,
    send: (request = {}) =>
      new Promise((resolve) => {
        const open = () => session.open({ method: "POST", path: "/", ...request }, resolve)
        if (over) return open()
        waiting.push(open)
        pump()
      })
  }
}

/** An ending in short: the status and body of an answer, or the kind of ending. */
export const summary = (ending: Ending): string =>
  ending._tag === "Answered" ? `${ending.status} ${ending.body.toString("utf8")}`.trim() : ending._tag
