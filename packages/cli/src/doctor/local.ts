/** What can be checked on this machine alone: the runtime, the credentials and their files, the topic. */
import { stat } from "node:fs/promises"
import { basename } from "node:path"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { ApnsError } from "effect-apns"
import type { Credentials } from "effect-apns/Credentials"
import type { Environment } from "effect-apns/Environment"
import * as FromConfig from "effect-apns/FromConfig"
import type { Variables } from "../Settings.ts"
import { type Check, failed, passed, skipped, warned } from "./check.ts"

const minimum = [22, 19] as const

/** Effect's own minimum, which is that of all packages of this project. */
export const checkNode = (version: string): Check => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const facts = { version, minimum: minimum.join(".") }
  return major > minimum[0] || (major === minimum[0] && minor >= minimum[1])
    ? passed("node", version, facts)
    : failed("node", `${version} is older than ${facts.minimum}`, `Install Node ${facts.minimum} or newer.`, facts)
}

/** A month: time enough to order another one. */
const soonMillis = 30 * 86_400_000

const day = (when: DateTime.Utc) => DateTime.formatIso(when).slice(0, 10)

const checkKey = (teamId: string, keyId: string, file: string | undefined): Check => {
  const facts = { kind: "token", teamId, keyId }
  const named = file === undefined ? undefined : /^AuthKey_([A-Z0-9]{10})\.p8$/.exec(basename(file))?.[1]
  if (named !== undefined && named !== keyId) {
    return warned(
      "credentials",
      `a P-256 token key; the file's name says key ID ${named}, the setting ${keyId}`,
      "If the file was not renamed, set --key-id (APNS_KEY_ID) to the one in its name.",
      facts
    )
  }
  return passed("credentials", `a P-256 token key, key ID ${keyId}, team ID ${teamId}`, facts)
}

/** What is good of credentials that could be loaded. */
export const checkCredentials = (
  credentials: Credentials,
  environment: Environment,
  file: string | undefined,
  nowMillis: number
): Check => {
  if (credentials._tag === "TokenCredentials") return checkKey(credentials.teamId, credentials.keyId, file)
  const { commonName, environments, expiresAt, kind, topics } = credentials
  const facts = {
    kind: "certificate",
    certificateKind: kind,
    commonName,
    environments,
    topics: topics.map(({ topic }) => topic),
    expiresAt: DateTime.formatIso(expiresAt)
  }
  if (typeof environment === "string" && environments.length > 0 && !environments.includes(environment)) {
    return failed(
      "credentials",
      `the certificate “${commonName}” is for ${environments.join(" and ")}, not for ${environment}`,
      `Use a certificate for ${environment}, or --environment ${environments[0]}.`,
      facts
    )
  }
  if (DateTime.toEpochMillis(expiresAt) - nowMillis < soonMillis) {
    return warned(
      "credentials",
      `the certificate “${commonName}” expires on ${day(expiresAt)}`,
      "Create another one in the developer account, or move to a token key, which does not expire.",
      facts
    )
  }
  return passed("credentials", `the certificate “${commonName}”, valid until ${day(expiresAt)}`, facts)
}

/** Loads the credentials; they are absent where they cannot be used. Fails where the settings name none. */
export const loadCredentials: Effect.Effect<
  { readonly credentials: Credentials } | { readonly check: Check },
  ApnsError
> = FromConfig.credentials.pipe(
  Effect.map((credentials) => ({ credentials })),
  Effect.catchIf(
    ({ reason }) => reason._tag === "InvalidCredentials",
    ({ cure, reason }) => Effect.succeed({ check: failed("credentials", reason.detail, cure) })
  )
)

/** The variables that name files with a private key in them. */
const secretFiles = ["APNS_KEY_FILE", "APNS_CERTIFICATE_FILE", "APNS_CERTIFICATE_KEY_FILE"]

/** Whether only their owner may read the files that hold private keys. */
export const checkPermissions = (variables: Variables): Effect.Effect<Check> =>
  Effect.gen(function* () {
    const files = secretFiles.flatMap((name) => variables[name] || [])
    if (files.length === 0) return skipped("permissions", "the key is in a variable, and in no file")
    if (process.platform === "win32") return skipped("permissions", "Windows has no such modes")
    const modes = new Map<string, number>()
    for (const file of files) {
      const found = yield* Effect.option(Effect.tryPromise(() => stat(file)))
      if (found._tag === "Some") modes.set(file, found.value.mode & 0o777)
    }
    if (modes.size === 0) return skipped("permissions", "there is no file to look at")
    const open = [...modes].filter(([, mode]) => (mode & 0o077) !== 0)
    if (open.length === 0) return passed("permissions", "only the owner may use the key")
    const [[file = "", mode = 0] = []] = open
    return warned(
      "permissions",
      `others may read or write the key (mode ${mode.toString(8)})`,
      `Run: ${open.map(([path]) => `chmod 600 ${path}`).join(" && ")}`,
      { file, mode: mode.toString(8) }
    )
  })

/** The topic that the layer would use, and whether the credentials are for it. */
export const checkTopic = (topic: string | undefined, credentials: Credentials | undefined): Check => {
  const certified = credentials?._tag === "CertificateCredentials" ? credentials : undefined
  const topics = certified?.topics.map(({ topic }) => topic) ?? []
  const effective = topic ?? certified?.topic
  if (effective === undefined) {
    return warned(
      "topic",
      "none is set: each notification has to name its own",
      "Set --topic (APNS_TOPIC) to the app's bundle ID."
    )
  }
  if (topics.length > 0 && !topics.includes(effective)) {
    return failed(
      "topic",
      `${effective} is not among the certificate's: ${topics.join(", ")}`,
      "Set --topic to one of these, or use a certificate of that app.",
      { topic: effective, topics }
    )
  }
  return passed("topic", topic === undefined ? `${effective}, the certificate's` : effective, { topic: effective })
}
