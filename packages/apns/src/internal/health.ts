/** Whether a session is alive: a decision on data. */

/** What is known of a session's life. */
export interface Vitals {
  /** How many of its streams are open. */
  readonly streams: number
  /** The last sign of life: an answer, or an acknowledged PING. */
  readonly heardAtMillis: number
  /** Whether a stream was opened since, and when the first one was. */
  readonly unheard: boolean
  readonly askedAtMillis: number
  /** When the PING was sent that nothing was heard after. */
  readonly pingedAtMillis: number | undefined
}

export interface HealthSettings {
  /** How long a session may carry nothing before it is checked. */
  readonly idlePingMillis: number
  /** How long open streams may bring nothing before it is checked. */
  readonly silencePingMillis: number
  /** How long the check may take. */
  readonly pingTimeoutMillis: number
}

export type Checkup =
  | { readonly _tag: "Wait"; readonly untilMillis: number }
  /** It has carried nothing for long. */
  | { readonly _tag: "Idle" }
  /** It was asked for something, and has brought nothing for long. */
  | { readonly _tag: "Silent" }
  | { readonly _tag: "Dead" }

/**
 * What to do about a session now. `late` says that the process did not run when it should have (it was suspended, or its
 * event loop was blocked): what the server sent meanwhile is still to be read, so silence proves nothing.
 */
export const examine = (vitals: Vitals, settings: HealthSettings, nowMillis: number, late: boolean): Checkup => {
  const { askedAtMillis, heardAtMillis, pingedAtMillis, streams, unheard } = vitals
  if (pingedAtMillis !== undefined) {
    const deadAtMillis = pingedAtMillis + settings.pingTimeoutMillis
    if (nowMillis < deadAtMillis) return { _tag: "Wait", untilMillis: deadAtMillis }
    return late ? { _tag: "Wait", untilMillis: nowMillis + settings.pingTimeoutMillis } : { _tag: "Dead" }
  }
  if (unheard || streams > 0) {
    const silentAtMillis = (unheard ? askedAtMillis : heardAtMillis) + settings.silencePingMillis
    if (nowMillis >= silentAtMillis) return { _tag: "Silent" }
    // It may be idle before that.
    return { _tag: "Wait", untilMillis: Math.min(silentAtMillis, nowMillis + settings.idlePingMillis) }
  }
  const idleAtMillis = heardAtMillis + settings.idlePingMillis
  return nowMillis < idleAtMillis ? { _tag: "Wait", untilMillis: idleAtMillis } : { _tag: "Idle" }
}
