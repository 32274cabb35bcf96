/**
 * Settings kept under names, in a file that only its owner may read. Keys and certificates are kept as paths, never copied.
 *
 * @since 0.1.0
 */
import { chmod, mkdir, readFile, stat } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { badInput, type Failure } from "./Failure.ts"
import { codeOf } from "./input.ts"
import { writePrivately } from "./privateFile.ts"
import { type Setting, settings, type Variables } from "./Settings.ts"

/**
 * The file's content.
 *
 * @category models
 * @since 0.1.0
 */
export const Profiles = Schema.Struct({
  /** The profile that counts when none is named. */
  inUse: Schema.optionalKey(Schema.String),
  /** Settings by the names of their flags. */
  profiles: Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.String))
})

/**
 * The file's content.
 *
 * @category models
 * @since 0.1.0
 */
export type Profiles = typeof Profiles.Type

/**
 * What of the environment says where the profiles are.
 *
 * @category models
 * @since 0.1.0
 */
export interface Place {
  readonly XDG_CONFIG_HOME?: string | undefined
  readonly HOME?: string | undefined
}

/**
 * Where the profiles are: `apns/profiles.json` in `XDG_CONFIG_HOME`, which is `~/.config` where it is not set.
 *
 * @category getters
 * @since 0.1.0
 */
export const profilesFile = (environment: Place): string =>
  join(environment.XDG_CONFIG_HOME || join(environment.HOME || homedir(), ".config"), "apns", "profiles.json")

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Profiles))

/**
 * The profiles; none where there is no file. Fails when others than its owner may read the file.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readProfiles = (environment: Place): Effect.Effect<Profiles, Failure> =>
  Effect.gen(function* () {
    const path = profilesFile(environment)
    const read = yield* Effect.tryPromise({
      try: async () => ({ mode: (await stat(path)).mode, text: await readFile(path, "utf8") }),
      catch: (cause) => cause
    }).pipe(
      Effect.catchIf(
        (cause) => codeOf(cause) === "ENOENT",
        () => Effect.succeed(undefined)
      ),
      Effect.mapError((cause) => badInput(`${path} cannot be read (${codeOf(cause)})`, "Check its permissions.", cause))
    )
    if (read === undefined) return { profiles: {} }
    if (process.platform !== "win32" && (read.mode & 0o077) !== 0) {
      return yield* badInput(`${path} can be read or written by others`, `Run: chmod 600 ${path}`)
    }
    return yield* decode(read.text).pipe(
      Effect.mapError((cause) =>
        badInput(`${path} is not a file of profiles`, "Mend it, or remove it and add them again.", cause)
      )
    )
  })

/**
 * Keeps the profiles: the directory with mode 700, the file with mode 600, and never half of it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const writeProfiles = (environment: Place, profiles: Profiles): Effect.Effect<void, Failure> =>
  Effect.gen(function* () {
    const path = profilesFile(environment)
    const directory = dirname(path)
    yield* Effect.tryPromise({
      try: async () => {
        await mkdir(directory, { recursive: true, mode: 0o700 })
        await chmod(directory, 0o700)
      },
      catch: (cause) =>
        badInput(
          `${directory} cannot be made (${codeOf(cause)})`,
          "Set XDG_CONFIG_HOME to a directory of yours.",
          cause
        )
    })
    yield* writePrivately(path, `${JSON.stringify(profiles, null, 2)}\n`, { replace: true })
  })

/**
 * The settings of the profile that has the name, by their flags. Fails where there is none.
 *
 * @category getters
 * @since 0.1.0
 */
export const profileOf = (
  { profiles }: Profiles,
  name: string
): Effect.Effect<Readonly<Record<string, string>>, Failure> => {
  // `Object.hasOwn`, for a name may be that of something every object has.
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile !== undefined) return Effect.succeed(profile)
  const known = Object.keys(profiles)
  return Effect.fail(
    badInput(
      `there is no profile ${JSON.stringify(name)}`,
      known.length === 0 ? "apns profile add makes one." : `There are: ${known.join(", ")}.`
    )
  )
}

const byFlag = new Map<string, Setting>(Object.values<Setting>(settings).map((setting) => [setting.flag, setting]))

/**
 * The settings of a profile, as variables; of the one in use when none is named.
 *
 * @category getters
 * @since 0.1.0
 */
export const variablesOf = (profiles: Profiles, named: string | undefined): Effect.Effect<Variables, Failure> =>
  Effect.gen(function* () {
    const name = named ?? profiles.inUse
    if (name === undefined) return {}
    const profile = yield* profileOf(profiles, name)
    const variables: Record<string, string> = {}
    for (const [flag, value] of Object.entries(profile)) {
      const setting = byFlag.get(flag)
      if (setting === undefined)
        return yield* badInput(`profile ${name} has a setting ${JSON.stringify(flag)}, which there is not`)
      variables[setting.variable] = value
    }
    return variables
  })
