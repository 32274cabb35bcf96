/** The settings of a pool from those of a connection, checked. */
import * as Result from "effect/Result"
import type { Config } from "../ApnsConnection.ts"
import { InvalidConfiguration } from "../Reason.ts"
import type { PoolSettings } from "./pool.ts"
import { millisOf, timeProblem } from "./timeSetting.ts"

/** See `Config.maxSessions`. */
const defaultMaxSessions = 8

export const poolSettings = (config: Config): Result.Result<PoolSettings, InvalidConfiguration> => {
  const { maxSessions = defaultMaxSessions } = config
  if (!Number.isInteger(maxSessions) || maxSessions < 1) {
    return Result.fail(
      new InvalidConfiguration({
        setting: "maxSessions",
        problem: `${maxSessions} is not a number of sessions`,
        cure: "Give a whole number from 1."
      })
    )
  }
  const settings: PoolSettings = {
    maxSessions,
    idlePingMillis: millisOf(config.idlePing ?? "1 minute"),
    silencePingMillis: millisOf(config.silencePing ?? "5 seconds"),
    pingTimeoutMillis: millisOf(config.pingTimeout ?? "5 seconds")
  }
  const problem =
    timeProblem("idlePing", settings.idlePingMillis, { infinity: true }) ??
    timeProblem("silencePing", settings.silencePingMillis, { infinity: true }) ??
    timeProblem("pingTimeout", settings.pingTimeoutMillis) ??
    timeProblem("connectTimeout", millisOf(config.connectTimeout ?? "10 seconds")) ??
    timeProblem("drainTimeout", millisOf(config.drainTimeout ?? "5 seconds"), { zero: true })
  return problem === undefined ? Result.succeed(settings) : Result.fail(problem)
}
