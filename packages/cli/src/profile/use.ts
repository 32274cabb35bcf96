/** Chooses the profile that counts. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Process } from "../Process.ts"
import { profileOf, writeProfiles } from "../Profiles.ts"
import { kept, warn } from "./kept.ts"

export const use = ({ name }: { readonly name: string }) =>
  Effect.gen(function* () {
    const { env } = yield* Process
    const { profiles } = yield* kept
    yield* profileOf(profiles, name)
    yield* writeProfiles(env, { ...profiles, inUse: name })
    yield* Console.log(`${name}: in use`)
    const named = env.APNS_PROFILE ?? ""
    if (named !== "" && named !== name) {
      yield* warn(`APNS_PROFILE names ${JSON.stringify(named)}, which counts before it`, "Unset APNS_PROFILE.")
    }
  })
