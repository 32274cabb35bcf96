/** The profiles as the commands see them, with the one that counts. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { Failure } from "../Failure.ts"
import { finding } from "../finding.ts"
import { Process } from "../Process.ts"
import { type Profiles, readProfiles } from "../Profiles.ts"
import { style } from "../Style.ts"

export interface Kept {
  readonly profiles: Profiles
  /** `APNS_PROFILE`, or the one in use. */
  readonly counting: string | undefined
}

export const kept: Effect.Effect<Kept, Failure> = Effect.flatMap(Process, ({ env }) =>
  Effect.map(readProfiles(env), (profiles) => ({ profiles, counting: env.APNS_PROFILE || profiles.inUse }))
)

/** Says on standard error what may be wrong, and stops nothing. */
export const warn = (problem: string, cure: string): Effect.Effect<void> =>
  Effect.flatMap(style("stderr"), (look) => Console.error(finding("warn", problem, cure, look)))
