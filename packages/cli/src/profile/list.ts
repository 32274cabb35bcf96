/** Lists the profiles. */
import { basename } from "node:path"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Process } from "../Process.ts"
import { profilesFile } from "../Profiles.ts"
import { style } from "../Style.ts"
import { table } from "../table.ts"
import { kept } from "./kept.ts"

type Profile = Readonly<Record<string, string>>

const serverOf = ({ environment = "production", host, port }: Profile): string =>
  host === undefined ? environment : port === undefined ? host : `${host}:${port}`

const credentialsOf = (profile: Profile): string => {
  const key = profile["key-id"]
  const file = profile["certificate-file"]
  if (file !== undefined) return `certificate ${basename(file)}`
  return key === undefined ? "" : `key ${key}`
}

export const list = ({ json }: { readonly json: boolean }) =>
  Effect.gen(function* () {
    const { counting, profiles } = yield* kept
    const all = Object.entries(profiles.profiles)
    if (json) {
      const found = all.map(([name, settings]) => ({ name, inUse: name === counting, settings }))
      yield* Console.log(JSON.stringify(found, null, 2))
      return
    }
    if (all.length === 0) {
      yield* Console.error(
        `There are no profiles in ${profilesFile((yield* Process).env)}. apns profile add makes one.`
      )
      return
    }
    const { good, strong } = yield* style("stdout")
    const rows = all.map(([name, profile]) => [
      name === counting ? good("✓") : "",
      name,
      serverOf(profile),
      profile.topic ?? "",
      credentialsOf(profile)
    ])
    yield* Console.log(table(["", "NAME", "SERVER", "TOPIC", "CREDENTIALS"], rows, strong))
  })
