/**
 * The settings of `Apns.layerConfig` and `Channels.layerConfig`, read through Effect's `Config` and told apart with names in every error.
 */
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { ApnsError } from "../ApnsError.ts"
import * as Credentials from "../Credentials.ts"
import type { Environment } from "../Environment.ts"
import { resolve } from "../Environment.ts"
import { InvalidConfiguration, InvalidCredentials } from "../Reason.ts"
import { readBounded } from "./boundedFile.ts"
import { isContent, isShowable, shownPath } from "./path.ts"
import { decodeText } from "./pem.ts"

const invalid = (setting: string, problem: string, cure: string) =>
  new ApnsError({ reason: new InvalidConfiguration({ setting, problem, cure }) })

/** A variable's text; empty counts as absent, as shells and compose files have no other way to unset one. */
export const text = (name: string): Effect.Effect<string | undefined, ApnsError> =>
  Config.option(Config.String(name)).pipe(
    Effect.map(Option.getOrUndefined),
    Effect.map((value) => (value?.trim() === "" ? undefined : value)),
    Effect.mapError(() => invalid(name, "cannot be read", "Check the ConfigProvider."))
  )

const secret = (name: string): Effect.Effect<Redacted.Redacted<string> | undefined, ApnsError> =>
  Effect.map(text(name), (value) => (value === undefined ? undefined : Redacted.make(value, { label: name })))

/** What a variable is that should be something else. A key pasted into the wrong one must not come back in the message. */
const said = (value: string): string =>
  /[\w+/=]{60,}/.test(value) || !isShowable(value) ? "holds what looks like a key" : `is ${JSON.stringify(value)}`

/** A variable that names a file. A key pasted where its path belongs must not come back in a message about the path. */
const pathOf = (name: string): Effect.Effect<string | undefined, ApnsError> =>
  Effect.flatMap(text(name), (value) =>
    value !== undefined && isContent(value)
      ? Effect.fail(
          invalid(
            name,
            "holds text where a path belongs",
            name === "APNS_KEY_FILE"
              ? "Give the path of the file, or its content as APNS_KEY."
              : "Give the path of the file, not its content."
          )
        )
      : Effect.succeed(value)
  )

/** All the authorities that systems trust take a few hundred kilobytes. */
const largestBundle = 4 * 1024 * 1024

const file = (name: string, path: string) =>
  readBounded(path, largestBundle).pipe(
    Effect.map(decodeText),
    Effect.mapError(({ code }) =>
      invalid(
        name,
        `names the file ${shownPath(path)}, which cannot be read (${code})`,
        "Check the path and its permissions."
      )
    )
  )

const port = (name: string, apples: string): Effect.Effect<number | undefined, ApnsError> =>
  Effect.flatMap(text(name), (value) => {
    if (value === undefined) return Effect.succeed(undefined)
    return /^\d{1,5}$/.test(value) && Number(value) > 0 && Number(value) < 65536
      ? Effect.succeed(Number(value))
      : Effect.fail(invalid(name, said(value), `Give a port number; Apple's are ${apples}.`))
  })

/** `never`: whether "Infinity" is one, too. */
const duration = (name: string, never: boolean): Effect.Effect<Duration.Duration | undefined, ApnsError> =>
  Effect.flatMap(text(name), (value) => {
    if (value === undefined) return Effect.succeed(undefined)
    const parsed = Duration.fromInput(value as Duration.Input)
    const millis = Option.isSome(parsed) ? Duration.toMillis(parsed.value) : 0
    if (Option.isSome(parsed) && millis > 0 && (never || millis < Number.POSITIVE_INFINITY)) {
      return Effect.succeed(parsed.value)
    }
    const cure = `Give a duration such as "10 seconds"${never ? ', or "Infinity"' : ""}.`
    return Effect.fail(invalid(name, said(value), cure))
  })

const wholeNumber = (name: string): Effect.Effect<number | undefined, ApnsError> =>
  Effect.flatMap(text(name), (value) => {
    if (value === undefined) return Effect.succeed(undefined)
    return /^[1-9]\d{0,5}$/.test(value)
      ? Effect.succeed(Number(value))
      : Effect.fail(invalid(name, said(value), "Give a whole number from 1."))
  })

const flag = (name: string): Effect.Effect<boolean | undefined, ApnsError> =>
  Effect.flatMap(text(name), (value) => {
    if (value === undefined) return Effect.succeed(undefined)
    return value === "true" || value === "false"
      ? Effect.succeed(value === "true")
      : Effect.fail(invalid(name, said(value), 'Use "true" or "false".'))
  })

const topic = (value: string | undefined) =>
  value === undefined || /^[!-~]+$/.test(value)
    ? Effect.succeed(value)
    : Effect.fail(invalid("APNS_TOPIC", said(value), "Give the app's bundle ID."))

const environment: Effect.Effect<Environment, ApnsError> = Effect.gen(function* () {
  const host = yield* text("APNS_HOST")
  const caFile = yield* pathOf("APNS_CA_FILE")
  const name = (yield* text("APNS_ENVIRONMENT")) ?? "production"
  if (name !== "production" && name !== "sandbox") {
    return yield* invalid("APNS_ENVIRONMENT", said(name), 'Use "production" or "sandbox".')
  }
  if (host === undefined) {
    if (caFile === undefined) return name
    return yield* invalid(
      "APNS_CA_FILE",
      "is given without APNS_HOST",
      "Apple's servers need no CA file; name the host."
    )
  }
  if (Result.isFailure(resolve({ host }))) {
    return yield* invalid("APNS_HOST", said(host), "Give a host name or an IP address, without scheme, port or path.")
  }
  return { host, ca: caFile === undefined ? undefined : yield* file("APNS_CA_FILE", caFile) }
})

/** Everything but the credentials. */
export const settingsFromEnv = Effect.gen(function* () {
  return {
    environment: yield* environment,
    port: yield* port("APNS_PORT", "443 and 2197"),
    topic: yield* Effect.flatMap(text("APNS_TOPIC"), topic),
    timeout: yield* duration("APNS_TIMEOUT", true),
    connectTimeout: yield* duration("APNS_CONNECT_TIMEOUT", false),
    drainTimeout: yield* duration("APNS_DRAIN_TIMEOUT", false),
    maxSessions: yield* wholeNumber("APNS_MAX_SESSIONS"),
    idlePing: yield* duration("APNS_IDLE_PING", true),
    silencePing: yield* duration("APNS_SILENCE_PING", true),
    pingTimeout: yield* duration("APNS_PING_TIMEOUT", false),
    warmUp: yield* flag("APNS_WARM_UP")
  }
})

/** The same for channels, which have a port of their own. */
export const channelSettingsFromEnv = Effect.gen(function* () {
  const settings = yield* settingsFromEnv
  const managementPort = yield* port("APNS_MANAGEMENT_PORT", "2196 for production and 2195 for sandbox")
  if (managementPort === undefined && typeof settings.environment !== "string") {
    return yield* invalid(
      "APNS_MANAGEMENT_PORT",
      "is not set, and APNS_HOST is",
      "Name the port on which the server manages channels."
    )
  }
  return { ...settings, port: managementPort }
})

/** Names the variables in an error that speaks of the options they became. */
const naming =
  (names: ReadonlyArray<string>) =>
  (error: ApnsError): ApnsError => {
    if (error.reason._tag !== "InvalidCredentials") return error
    const { problem, cure, passphrase, cause } = error.reason
    return new ApnsError({
      reason: new InvalidCredentials({ problem: `${names.join(", ")}: ${problem}`, cure, passphrase, cause })
    })
  }

const required = (name: string, why: string) =>
  Effect.flatMap(text(name), (value) =>
    value === undefined ? Effect.fail(invalid(name, "is not set", why)) : Effect.succeed(value)
  )

/** A token key or a certificate, whichever the variables name. */
export const credentialsFromEnv: Effect.Effect<Credentials.Credentials, ApnsError> = Effect.gen(function* () {
  const certificateFile = yield* pathOf("APNS_CERTIFICATE_FILE")
  const privateKey = yield* secret("APNS_KEY")
  const privateKeyFile = yield* pathOf("APNS_KEY_FILE")
  const given = [
    certificateFile === undefined ? [] : ["APNS_CERTIFICATE_FILE"],
    privateKey === undefined ? [] : ["APNS_KEY"],
    privateKeyFile === undefined ? [] : ["APNS_KEY_FILE"]
  ].flat()
  if (given.length > 1) {
    return yield* invalid(given.join(" and "), "are both set", "Set one of them: they name different credentials.")
  }
  if (certificateFile !== undefined) {
    return yield* Credentials.certificate({
      file: certificateFile,
      keyFile: yield* pathOf("APNS_CERTIFICATE_KEY_FILE"),
      passphrase: yield* secret("APNS_CERTIFICATE_PASSPHRASE")
    }).pipe(
      Effect.mapError(naming(["APNS_CERTIFICATE_FILE", "APNS_CERTIFICATE_KEY_FILE", "APNS_CERTIFICATE_PASSPHRASE"]))
    )
  }
  if (privateKey === undefined && privateKeyFile === undefined) {
    return yield* invalid(
      "APNS_KEY_FILE",
      "is not set, and neither is APNS_KEY or APNS_CERTIFICATE_FILE",
      "Set one of them: the path of a .p8 file, its text, or the path of a certificate."
    )
  }
  const teamId = yield* required("APNS_TEAM_ID", "Give the 10-character Team ID of the developer account.")
  const keyId = yield* required("APNS_KEY_ID", "Give the 10-character Key ID of the .p8 file.")
  return yield* Credentials.token({
    teamId,
    keyId,
    ...(privateKey === undefined ? { privateKeyFile: privateKeyFile ?? "" } : { privateKey })
  }).pipe(
    Effect.mapError(naming(["APNS_TEAM_ID", "APNS_KEY_ID", privateKey === undefined ? "APNS_KEY_FILE" : "APNS_KEY"]))
  )
})
