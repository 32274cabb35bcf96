/**
 * The settings of every command that talks to APNs, from flags, the environment and a profile, in this order. They are the
 * `APNS_*` variables of `Apns.layerConfig`, so that there is one set of names, one set of rules and one set of messages.
 *
 * @since 0.1.0
 */
import { resolve } from "node:path"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { isPath } from "effect-apns/Credentials"
import type { Failure } from "./Failure.ts"
import { fileFlag } from "./FileParam.ts"
import { hushed } from "./hushed.ts"
import { Process } from "./Process.ts"

/**
 * What a setting is, on the command line and in a profile.
 *
 * @category models
 * @since 0.1.0
 */
export interface Setting {
  /** The flag without its dashes, and the name in a profile. */
  readonly flag: string
  /** The variable that `Apns.layerConfig` and `Channels.layerConfig` read. */
  readonly variable: string
  readonly text: string
  /** Whether it names a file, which is then relative to the working directory. */
  readonly file?: true
}

/**
 * Every setting that has a flag. Keys and passwords have none: the command line of a process is public on its machine.
 *
 * @category tables
 * @since 0.1.0
 */
export const settings = {
  environment: { flag: "environment", variable: "APNS_ENVIRONMENT", text: "production or sandbox (production)" },
  topic: { flag: "topic", variable: "APNS_TOPIC", text: "The app's bundle ID" },
  teamId: { flag: "team-id", variable: "APNS_TEAM_ID", text: "Team ID of the developer account" },
  keyId: { flag: "key-id", variable: "APNS_KEY_ID", text: "Key ID of the .p8 file" },
  keyFile: { flag: "key-file", variable: "APNS_KEY_FILE", text: "The .p8 file", file: true },
  certificateFile: {
    flag: "certificate-file",
    variable: "APNS_CERTIFICATE_FILE",
    text: "A certificate instead of a key: .p12 or PEM",
    file: true
  },
  certificateKeyFile: {
    flag: "certificate-key-file",
    variable: "APNS_CERTIFICATE_KEY_FILE",
    text: "Its private key, where that is a file of its own",
    file: true
  },
  host: { flag: "host", variable: "APNS_HOST", text: "A server of your own, such as a simulator" },
  port: { flag: "port", variable: "APNS_PORT", text: "Its port (443); Apple's other one is 2197" },
  managementPort: {
    flag: "management-port",
    variable: "APNS_MANAGEMENT_PORT",
    text: "Its port for managing channels"
  },
  caFile: { flag: "ca-file", variable: "APNS_CA_FILE", text: "The certificate authority it is trusted by", file: true },
  timeout: { flag: "timeout", variable: "APNS_TIMEOUT", text: 'How long a send may take in all ("30 seconds")' }
} as const satisfies Record<string, Setting>

/**
 * The variables by name, each with its text.
 *
 * @category models
 * @since 0.1.0
 */
export type Variables = Readonly<Record<string, string>>

const flagOf = ({ file, flag, text }: Setting) =>
  (file === true ? fileFlag(flag) : Flag.String(flag)).pipe(Flag.withDescription(text), Flag.optional)

/**
 * The flags; a command spreads them into its own.
 *
 * @category configuration
 * @since 0.1.0
 */
export const settingFlags = {
  profile: Flag.String("profile").pipe(
    Flag.withDescription("Settings kept under this name (apns profile)"),
    Flag.optional
  ),
  environment: flagOf(settings.environment),
  topic: flagOf(settings.topic),
  teamId: flagOf(settings.teamId),
  keyId: flagOf(settings.keyId),
  keyFile: flagOf(settings.keyFile),
  certificateFile: flagOf(settings.certificateFile),
  certificateKeyFile: flagOf(settings.certificateKeyFile),
  host: flagOf(settings.host),
  port: flagOf(settings.port),
  caFile: flagOf(settings.caFile),
  timeout: flagOf(settings.timeout)
}

const { port: _, ...portless } = settingFlags

/**
 * The flags of commands that manage channels, which are on a port of their own.
 *
 * @category configuration
 * @since 0.1.0
 */
export const managementFlags = { ...portless, managementPort: flagOf(settings.managementPort) }

/**
 * What the flags of a command were given.
 *
 * @category models
 * @since 0.1.0
 */
export type SettingFlags = { readonly profile: Option.Option<string> } & {
  readonly [K in keyof typeof settings]?: Option.Option<string>
}

/**
 * Variables that stand for one thing together. Where a nearer source sets one of `names`, the `replaced` of farther ones do
 * not count: a key file on the command line is not in conflict with a certificate in the environment.
 */
const groups: ReadonlyArray<{ readonly names: ReadonlyArray<string>; readonly replaced: ReadonlyArray<string> }> = [
  {
    names: ["APNS_KEY", "APNS_KEY_FILE", "APNS_CERTIFICATE_FILE"],
    replaced: [
      "APNS_KEY",
      "APNS_KEY_FILE",
      "APNS_CERTIFICATE_FILE",
      "APNS_CERTIFICATE_KEY_FILE",
      "APNS_CERTIFICATE_PASSPHRASE"
    ]
  },
  {
    names: ["APNS_ENVIRONMENT", "APNS_HOST"],
    replaced: ["APNS_HOST", "APNS_PORT", "APNS_CA_FILE", "APNS_MANAGEMENT_PORT"]
  }
]

/** The password comes with the file, also where the file is named by a flag: there is no flag for it. */
const kept = new Set(["APNS_CERTIFICATE_PASSPHRASE"])

/**
 * Farther settings under nearer ones.
 *
 * @category combinators
 * @since 0.1.0
 */
export const under = (farther: Variables, nearer: Variables): Variables => {
  const replaced = new Set(
    groups.filter(({ names }) => names.some((name) => (nearer[name] ?? "") !== "")).flatMap((group) => group.replaced)
  )
  const remaining = Object.entries(farther).filter(([name]) => !replaced.has(name) || kept.has(name))
  const given = Object.entries(nearer).filter(([, value]) => value !== "")
  return { ...Object.fromEntries(remaining), ...Object.fromEntries(given) }
}

/**
 * The variables that the flags stand for.
 *
 * @category getters
 * @since 0.1.0
 */
export const ofFlags = (flags: Omit<SettingFlags, "profile">): Variables => {
  const variables: Record<string, string> = {}
  for (const [name, setting] of Object.entries<Setting>(settings)) {
    const given = flags[name as keyof typeof settings]
    if (given === undefined || Option.isNone(given)) continue
    const { value } = given
    variables[setting.variable] = setting.file === true && isPath(value) ? resolve(value) : value
  }
  return variables
}

/**
 * The variables of the process.
 *
 * @category getters
 * @since 0.1.0
 */
export const environmentVariables: Effect.Effect<Variables> = Effect.map(Process, ({ env }) => {
  const given = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  return Object.fromEntries(given)
})

/**
 * The settings of a command, as `Apns.layerConfig` and `Channels.layerConfig` read them.
 *
 * **Details**
 *
 * A profile is the one of `--profile`, of `APNS_PROFILE`, or the one in use (`apns profile use`). `more` are variables of flags
 * that only this command has.
 *
 * Fails when the profile does not exist or its file cannot be trusted.
 *
 * @category layers
 * @since 0.1.0
 */
export const settingsLayer = (flags: SettingFlags, more: Variables = {}): Layer.Layer<never, Failure> =>
  Layer.unwrap(Effect.map(resolved(flags, more), (env) => ConfigProvider.layer(ConfigProvider.fromEnv({ env }))))

const sources = (flags: SettingFlags, more: Variables) =>
  Effect.gen(function* () {
    const environment = yield* environmentVariables
    const named = Option.getOrUndefined(flags.profile) ?? environment.APNS_PROFILE
    const { readProfiles, variablesOf } = yield* Effect.promise(() => import("./Profiles.ts"))
    const profiles = yield* readProfiles(environment)
    const profile = yield* variablesOf(profiles, named)
    const given: Variables = { ...ofFlags(flags), ...more }
    return { environment, profile, profileName: named ?? profiles.inUse, given }
  })

/**
 * The same as variables.
 *
 * @category getters
 * @since 0.1.0
 */
export const resolved = (flags: SettingFlags, more: Variables = {}): Effect.Effect<Variables, Failure> =>
  Effect.map(sources(flags, more), ({ environment, given, profile }) => under(under(profile, environment), given))

/**
 * A setting in force, and where it is from.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sourced {
  readonly variable: string
  /** As it may be shown. */
  readonly value: string
  readonly from: "flag" | "variable" | "profile" | "default"
  /** The flag, the variable, the profile's name; `default`. */
  readonly source: string
}

/**
 * The settings in force, each with where it is from, for commands that tell it.
 *
 * @category getters
 * @since 0.1.0
 */
export const sourced = (
  flags: SettingFlags,
  more: Variables = {}
): Effect.Effect<{ readonly variables: Variables; readonly sources: ReadonlyArray<Sourced> }, Failure> =>
  Effect.map(sources(flags, more), ({ environment, given, profile, profileName = "" }) => {
    const variables = under(under(profile, environment), given)
    const flagOfVariable = new Map<string, string>(
      Object.values<Setting>(settings).map(({ flag, variable }) => [variable, flag])
    )
    const sourceOf = (variable: string): Pick<Sourced, "from" | "source"> => {
      const flag = flagOfVariable.get(variable)
      if (flag !== undefined && (given[variable] ?? "") !== "") return { from: "flag", source: `--${flag}` }
      if ((environment[variable] ?? "") !== "") return { from: "variable", source: variable }
      return { from: "profile", source: profileName }
    }
    const inForce = Object.entries(variables).filter(
      ([variable, value]) => variable.startsWith("APNS_") && variable !== "APNS_PROFILE" && value.trim() !== ""
    )
    return {
      variables,
      sources: inForce.map(([variable, value]) => ({ variable, value: hushed(value), ...sourceOf(variable) }))
    }
  })
