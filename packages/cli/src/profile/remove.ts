/** Removes a profile. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Process } from "../Process.ts"
import { profileOf, writeProfiles } from "../Profiles.ts"
import { kept } from "./kept.ts"

export const remove = ({ name }: { readonly name: string }) =>
  Effect.gen(function* () {
    const { profiles } = yield* kept
    yield* profileOf(profiles, name)
    const { [name]: _removed, ...others } = profiles.profiles
    const inUse = profiles.inUse === name ? undefined : profiles.inUse
    yield* writeProfiles((yield* Process).env, { ...(inUse === undefined ? {} : { inUse }), profiles: others })
    yield* Console.log(`${name}: removed${profiles.inUse === name ? "; no profile is in use" : ""}`)
  })
