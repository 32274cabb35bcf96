/** Keeps settings under a name. */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type ApnsError, FromConfig } from "effect-apns"
import { isPath } from "effect-apns/Credentials"
import { badInput, type Failure } from "../Failure.ts"
import { Process } from "../Process.ts"
import { profilesFile, readProfiles, writeProfiles } from "../Profiles.ts"
import { ofFlags, type Setting, type SettingFlags, settings, type Variables } from "../Settings.ts"
import { type FileWarning, fileWarnings } from "./files.ts"
import { warn } from "./kept.ts"

export interface AddInput extends Omit<SettingFlags, "profile"> {
  readonly name: string
  readonly use: boolean
  readonly force: boolean
  readonly json: boolean
}

const byVariable = new Map(Object.values<Setting>(settings).map((setting) => [setting.variable, setting]))

/** Settings that come in another way are not missing: a profile need not say everything. */
const isOfOthers = (error: ApnsError, given: Variables): boolean =>
  error.reason._tag === "InvalidConfiguration" &&
  !error.reason.setting.split(" and ").some((variable) => given[variable] !== undefined)

/**
 * Fails where a setting is wrong by the library's own rules, before it is kept. What cannot be used for now (a key that is
 * damaged or not there yet, a passphrase that is not at hand) is told, and kept.
 */
const checked = (given: Variables, warnings: ReadonlyArray<FileWarning>): Effect.Effect<void, ApnsError> => {
  const absent = new Set(warnings.filter(({ readable }) => !readable).map(({ setting }) => setting))
  const present = Object.entries(given).filter(([variable]) => !absent.has(byVariable.get(variable)?.flag ?? ""))
  return Effect.flatMap(Process, (process) => {
    const passphrase = process.env.APNS_CERTIFICATE_PASSPHRASE ?? ""
    const env: Variables = { ...Object.fromEntries(present), APNS_CERTIFICATE_PASSPHRASE: passphrase }
    const ofTheRest = (error: ApnsError) => isOfOthers(error, env)
    return Effect.gen(function* () {
      yield* FromConfig.settings.pipe(Effect.catchIf(ofTheRest, () => Effect.void))
      yield* FromConfig.credentials.pipe(
        Effect.asVoid,
        Effect.catchIf(ofTheRest, () => Effect.void),
        Effect.catchIf(
          ({ reason }) => reason._tag === "InvalidCredentials",
          ({ cure, reason }) =>
            reason._tag === "InvalidCredentials" && reason.passphrase === "missing"
              ? Effect.void
              : warn(reason.detail, cure)
        )
      )
    }).pipe(Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })))
  })
}

const ofVariables = (variables: Variables): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(variables).flatMap(([variable, value]) => {
      const setting = byVariable.get(variable)
      return setting === undefined ? [] : [[setting.flag, value]]
    })
  )

const checkName = (name: string): Effect.Effect<void, Failure> =>
  /^[A-Za-z0-9][\w.-]{0,63}$/.test(name)
    ? Effect.void
    : Effect.fail(badInput("that is no name of a profile", "Use letters, digits, dots, dashes and underscores."))

/** A key pasted where its path belongs must neither be kept nor repeated. */
const checkPaths = (flags: AddInput): Effect.Effect<void, Failure> => {
  const pasted = Object.entries<Setting>(settings).find(
    ([key, { file }]) =>
      file === true && !isPath(Option.getOrElse(flags[key as keyof typeof settings] ?? Option.none(), () => ""))
  )
  return pasted === undefined
    ? Effect.void
    : Effect.fail(
        badInput(`--${pasted[1].flag} holds text where a path belongs`, "Give the path of the file, not its content.")
      )
}

export const add = (input: AddInput) =>
  Effect.gen(function* () {
    const { force, json, name, use } = input
    yield* checkName(name)
    yield* checkPaths(input)
    const given = ofFlags(input)
    if (Object.keys(given).length === 0) {
      return yield* badInput(
        "a profile without settings is of no use",
        "Give some: apns profile add --help lists them."
      )
    }
    const { env } = yield* Process
    const before = yield* readProfiles(env)
    if (Object.hasOwn(before.profiles, name) && !force) {
      return yield* badInput(`there is a profile ${JSON.stringify(name)} already`, "--force replaces it.")
    }
    const profile = ofVariables(given)
    const warnings = yield* fileWarnings(profile)
    yield* checked(given, warnings)
    for (const { cure, problem } of warnings) yield* warn(problem, cure)

    const inUse = use || before.inUse === undefined ? name : before.inUse
    yield* writeProfiles(env, { inUse, profiles: { ...before.profiles, [name]: profile } })
    yield* Console.log(
      json
        ? JSON.stringify({ name, inUse: inUse === name, file: profilesFile(env), settings: profile }, null, 2)
        : `${name}: kept in ${profilesFile(env)}${inUse === name ? ", in use" : `; apns profile use ${name} chooses it`}`
    )
  })
