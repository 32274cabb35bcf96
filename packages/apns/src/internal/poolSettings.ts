/** The settings of a pool from those of a connection, checked. */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import type { Config } from "../ApnsConnection.ts"
import { InvalidConfiguration } from "../Reason.ts"
import type { PoolSettings } from "./pool.ts"

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
    idlePingMillis: Duration.toMillis(config.idlePing ?? "1 minute"),
    silencePingMillis: Duration.toMillis(config.silencePing ?? "5 seconds"),
    pingTimeoutMillis: Duration.toMillis(config.pingTimeout ?? "5 seconds")
  }
  for (const setting of ["idlePing", "silencePing", "pingTimeout"] as const) {
    const millis = settings[`${setting}Millis`]
    if (millis > 0 && (setting !== "pingTimeout" || millis < Number.POSITIVE_INFINITY)) continue
    return Result.fail(
      new InvalidConfiguration({
        setting,
        problem: `${Duration.format(Duration.millis(millis))} is out of its range`,
        cure: setting === "pingTimeout" ? "Give a finite time above 0." : "Give a time above 0, or Duration.infinity."
      })
    )
  }
  return Result.succeed(settings)
}
