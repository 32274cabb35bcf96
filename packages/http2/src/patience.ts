/** A time-out in which only the time counts that the process ran. */

/** A timer that runs later than this tells that the process stood still. */
const latenessMillis = 20

/**
 * Calls back after so many milliseconds, unless called off by what it returns.
 *
 * A timer runs late when the process was suspended, or its event loop was busy: what the peer has sent meanwhile is still to
 * be read, so its silence proves nothing. It is then read, and the peer has as long again as the timer was late, at most
 * the whole of its time; once, so that it ends on a machine that is always late, too.
 */
export const patience = (millis: number, onOver: () => void): (() => void) => {
  let timer: NodeJS.Timeout | undefined
  let turn: NodeJS.Immediate | undefined
  const wait = (waitMillis: number, isLast: boolean) => {
    const dueAt = performance.now() + waitMillis
    timer = setTimeout(() => {
      const lateMillis = performance.now() - dueAt
      if (lateMillis < latenessMillis) onOver()
      else turn = setImmediate(() => (isLast ? onOver() : wait(Math.min(lateMillis, millis), true)))
    }, waitMillis)
  }
  wait(millis, false)
  return () => {
    clearTimeout(timer)
    clearImmediate(turn)
  }
}
