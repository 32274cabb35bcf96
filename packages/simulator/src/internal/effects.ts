/** What a scenario does to a request. */
import { statusOf } from "../Reasons.ts"
import type { FaultEffect } from "../Scenario.ts"
import { answer, reject, respond } from "./answers.ts"
import type { Exchange } from "./exchange.ts"
import { cutHeadersFrame } from "./frames.ts"
import { millisOf } from "./random.ts"
import type { ActiveScenario } from "./scenarios.ts"

type GoAwayEffect = Extract<FaultEffect, { readonly _tag: "goAway" }>

const shutdownMillis = 100

export const lastStreamIdOf = ({ lastStreamId = "this" }: GoAwayEffect, id: number): number =>
  lastStreamId === "this" ? id : lastStreamId === "before" ? Math.max(0, id - 2) : lastStreamId

const goAway = (exchange: Exchange, effect: GoAwayEffect): void => {
  const { connection, id } = exchange
  const lastStreamId = lastStreamIdOf(effect, id)
  const answered = id <= lastStreamId && (effect.answer ?? true)
  if (!answered) {
    exchange.log({ _tag: "unanswered", why: "goAway" })
    connection.abandon(id)
  }
  connection.sendGoAway({ code: effect.code ?? 0, lastStreamId, debugData: effect.debugData ?? "" })
  if (answered) answer(exchange)
  if (effect.abrupt) connection.finish()
}

const disconnect = ({ connection, id }: Exchange, afterBytes: number | undefined): void => {
  if (afterBytes === undefined) connection.destroy()
  else connection.cut(cutHeadersFrame(id, afterBytes))
}

/** Does what a scenario says, or answers as the rules say. */
export const perform = (exchange: Exchange, active: ActiveScenario | undefined): void => {
  if (active === undefined) {
    answer(exchange)
    return
  }
  const { connection, stream, state } = exchange
  const { effect } = active.scenario
  switch (effect._tag) {
    case "delay":
      state.later(millisOf(effect.millis, active.random), () => answer(exchange))
      break
    case "settings":
      connection.sendSettings(effect)
      if (effect.forMillis !== undefined) state.later(effect.forMillis, () => connection.unpinLimit())
      answer(exchange)
      break
    case "bandwidth":
      connection.limitBandwidth(effect.bytesPerSecond)
      answer(exchange)
      break
    case "reject": {
      const { reason, status = statusOf(reason), timestamp, retryAfter, headers } = effect
      const extra = { ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }), ...headers }
      reject(exchange, status, reason, timestamp, extra)
      break
    }
    case "respond": {
      const { status, contentType, headers, body = "" } = effect
      const type = contentType === undefined ? {} : { "content-type": contentType }
      respond(exchange, { ":status": status, ...type, ...headers }, body, undefined)
      break
    }
    case "silence":
      exchange.log({ _tag: "unanswered", why: "silence" })
      break
    case "reset":
      exchange.log({ _tag: "unanswered", why: "reset" })
      connection.release(exchange.id)
      if (!stream.destroyed) stream.close(effect.code)
      break
    case "disconnect":
      exchange.log({ _tag: "unanswered", why: "disconnect" })
      disconnect(exchange, effect.afterBytes)
      break
    case "goAway":
      goAway(exchange, effect)
      break
    case "shutdown": {
      const millis = millisOf(effect.millis ?? shutdownMillis, active.random)
      const { code = 0, debugData = "", refuse = false } = effect
      connection.shutDown(millis, debugData, refuse, code)
      answer(exchange)
      break
    }
  }
}
