/** The settings of `SlowDown` in numbers, checked. */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { InvalidConfiguration } from "../Reason.ts"
import type { SlowDown } from "../SlowDown.ts"
import type { BadTokenSettings } from "./badTokenBrake.ts"
import type { DeviceBackoffSettings } from "./deviceBackoff.ts"
import type { OutageSettings } from "./outageGate.ts"

/** What is switched off is `undefined`. */
export interface SlowDownSettings {
  readonly devices: DeviceBackoffSettings | undefined
  readonly badTokens: BadTokenSettings | undefined
  readonly outage: OutageSettings | undefined
}

const invalid = (setting: string, problem: string, cure: string) =>
  Result.fail(new InvalidConfiguration({ setting: `slowDown.${setting}`, problem, cure }))

/** The first of some times that is not a finite one above 0. */
const badTime = (settings: Readonly<Record<string, number>>) => {
  for (const [setting, millis] of Object.entries(settings)) {
    if (millis > 0 && millis < Number.POSITIVE_INFINITY) continue
    const problem = `${Duration.format(Duration.millis(millis))} is out of its range`
    return invalid(setting, problem, "Give a finite time above 0.")
  }
  return undefined
}

export const slowDownSettings = (slowDown: SlowDown = {}): Result.Result<SlowDownSettings, InvalidConfiguration> => {
  const { badDeviceTokens = {}, devices = {}, outage = {} } = slowDown
  const settings: SlowDownSettings = {
    devices: devices === false ? undefined : waits(devices, "1 second", "1 minute"),
    badTokens:
      badDeviceTokens === false
        ? undefined
        : {
            share: badDeviceTokens.share ?? 0.1,
            perSecond: badDeviceTokens.perSecond ?? 500,
            windowMillis: Duration.toMillis(badDeviceTokens.window ?? "1 second")
          },
    outage:
      outage === false
        ? undefined
        : {
            failures: outage.failures ?? 10,
            withinMillis: Duration.toMillis(outage.window ?? "10 seconds"),
            ...waits(outage, "500 millis", "10 seconds")
          }
  }
  return check(settings) ?? Result.succeed(settings)
}

const waits = (
  { first, max }: { readonly first?: Duration.Input | undefined; readonly max?: Duration.Input | undefined },
  defaultFirst: Duration.Input,
  defaultMax: Duration.Input
) => ({ firstMillis: Duration.toMillis(first ?? defaultFirst), maxMillis: Duration.toMillis(max ?? defaultMax) })

const check = ({ badTokens, devices, outage }: SlowDownSettings) => {
  if (badTokens !== undefined) {
    const { perSecond, share } = badTokens
    if (!(share > 0 && share <= 1)) {
      return invalid("badDeviceTokens.share", `${share} is not a share`, "Give a number above 0, at most 1.")
    }
    if (!(perSecond > 0 && perSecond < Number.POSITIVE_INFINITY)) {
      return invalid("badDeviceTokens.perSecond", `${perSecond} is not a rate`, "Give a finite number above 0.")
    }
  }
  if (outage !== undefined && !(Number.isInteger(outage.failures) && outage.failures > 0)) {
    return invalid("outage.failures", `${outage.failures} is not a number of answers`, "Give a whole number from 1.")
  }
  return badTime({
    ...(devices && { "devices.first": devices.firstMillis, "devices.max": devices.maxMillis }),
    ...(badTokens && { "badDeviceTokens.window": badTokens.windowMillis }),
    ...(outage && {
      "outage.window": outage.withinMillis,
      "outage.first": outage.firstMillis,
      "outage.max": outage.maxMillis
    })
  })
}
