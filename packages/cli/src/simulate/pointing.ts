/** How to point commands and programs at a simulator: the settings of one. */
import type { Simulator } from "@effect-apns/simulator"
import * as Effect from "effect/Effect"
import { badInput, type Failure } from "../Failure.ts"
import { Process } from "../Process.ts"
import { readProfiles, writeProfiles } from "../Profiles.ts"
import { type Setting, settings, type Variables } from "../Settings.ts"
import { quoted } from "../shell.ts"

/** Addresses that stand for every one of the machine's: nothing can be sent to them. */
const reachable: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" }

type Pointing = Pick<Simulator["Service"], "host" | "port" | "managementPort" | "key" | "keyFile" | "caFile">

/** The variables that point at a simulator. Key and certificate are named as files. */
export const variablesFor = (simulator: Pointing, topic: string): Variables => {
  const { caFile, host, key, keyFile, managementPort, port } = simulator
  return {
    APNS_HOST: reachable[host] ?? host,
    APNS_PORT: String(port),
    APNS_MANAGEMENT_PORT: String(managementPort),
    ...(caFile !== undefined && { APNS_CA_FILE: caFile }),
    APNS_TEAM_ID: key.teamId,
    APNS_KEY_ID: key.keyId,
    ...(keyFile !== undefined && { APNS_KEY_FILE: keyFile }),
    APNS_TOPIC: topic
  }
}

/** The variables as lines for a POSIX shell. */
export const exportLines = (variables: Variables): string =>
  Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quoted(value)}`)
    .join("\n")

const profileFor = (variables: Variables): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.values<Setting>(settings).flatMap(({ flag, variable }) => {
      const value = variables[variable]
      return value === undefined ? [] : [[flag, value] as const]
    })
  )

/**
 * Keeps the variables as a profile, in place of one that an earlier simulator left; which profile is in use stays as it is.
 * Fails where the name is taken by a profile for another server.
 */
export const keepProfile = (name: string, variables: Variables): Effect.Effect<void, Failure> =>
  Effect.gen(function* () {
    if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) {
      return yield* badInput("that is no name of a profile", "Use letters, digits, dots, dashes and underscores.")
    }
    const { env } = yield* Process
    const before = yield* readProfiles(env)
    const profile = profileFor(variables)
    const taken = Object.hasOwn(before.profiles, name) ? before.profiles[name] : undefined
    if (taken !== undefined && taken["ca-file"] !== profile["ca-file"]) {
      return yield* badInput(`profile ${name} is not for this simulator`, "Choose another name, such as local.")
    }
    yield* writeProfiles(env, { ...before, profiles: { ...before.profiles, [name]: profile } })
  })
