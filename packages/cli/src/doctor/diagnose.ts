/** `apns doctor`: settings, then every check in order. */
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { ApnsError } from "effect-apns/ApnsError"
import { type Address, type Environment, management, resolve } from "effect-apns/Environment"
import * as FromConfig from "effect-apns/FromConfig"
import { type Ended, endWith } from "../Ending.ts"
import { ExitCode } from "../ExitCode.ts"
import { badInput, type Failure } from "../Failure.ts"
import { type SettingFlags, type Sourced, sourced, type Variables } from "../Settings.ts"
import { style } from "../Style.ts"
import { type Check, skipped } from "./check.ts"
import { checkCredentials, checkNode, checkPermissions, checkTopic, loadCredentials } from "./local.ts"
import { examineNetwork, type Tell } from "./network.ts"
import { probe } from "./probe.ts"
import { asJson, footOf, headOf, isWell, lineOf } from "./report.ts"
import type { OtherPort, Target } from "./target.ts"

export interface Input extends SettingFlags {
  readonly json: boolean
  readonly probe: boolean
  /** Of each step. */
  readonly timeout: Option.Option<string>
}

const stepMillis = (given: Option.Option<string>): Effect.Effect<number, Failure> => {
  if (Option.isNone(given)) return Effect.succeed(10_000)
  const parsed = Duration.fromInput(given.value as Duration.Input)
  const millis = Option.isSome(parsed) ? Duration.toMillis(parsed.value) : Number.NaN
  return millis > 0 && millis <= 3_600_000
    ? Effect.succeed(millis)
    : Effect.fail(badInput(`--timeout is ${JSON.stringify(given.value)}`, 'Give a duration such as "5 seconds".'))
}

const checkedAddress = (environment: Environment, port: number | undefined) =>
  Effect.mapError(Effect.fromResult(resolve(environment, port)), (reason) => new ApnsError({ reason }))

/** Apple's other port, and that of channels, where these are known. */
const otherPorts = (environment: Environment, address: Address, variables: Variables): ReadonlyArray<OtherPort> => {
  const others: Array<OtherPort> = []
  if (typeof environment === "string") {
    const port = address.port === 443 ? 2197 : 443
    others.push({ check: "alternativePort", address: { host: address.host, port } })
  }
  // Of a server of your own only the variable tells it; that it is wrong, the commands for channels say.
  const named = Number(variables.APNS_MANAGEMENT_PORT || Number.NaN)
  const channels = management(environment, Number.isNaN(named) ? undefined : named)
  if (Result.isSuccess(channels)) others.push({ check: "managementPort", address: channels.success })
  return others
}

/** The settings, and the environment where it is the default. */
const inForce = (environment: Environment, sources: ReadonlyArray<Sourced>): ReadonlyArray<Sourced> => {
  const variable = "APNS_ENVIRONMENT"
  if (typeof environment !== "string" || sources.some((setting) => setting.variable === variable)) return sources
  return [...sources, { variable, value: environment, from: "default", source: "default" }]
}

const exemptFrom = (variables: Variables) =>
  ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].find((name) => (variables[name] ?? "").trim() !== "")

const examine =
  (target: Target, loaded: Effect.Success<typeof loadCredentials>, variables: Variables) =>
  (tell: Tell, probing: boolean) =>
    Effect.gen(function* () {
      const { credentials, environment, topic } = target
      yield* tell(checkNode(process.versions.node))
      const file = variables.APNS_KEY_FILE || undefined
      const now = yield* Clock.currentTimeMillis
      yield* tell("check" in loaded ? loaded.check : checkCredentials(loaded.credentials, environment, file, now))
      yield* tell(yield* checkPermissions(variables))
      yield* tell(checkTopic(topic, credentials))
      const isReachable = yield* examineNetwork(target, tell)
      if (!probing) yield* tell(skipped("probe", "switched off (--no-probe)"))
      else if (credentials === undefined) yield* tell(skipped("probe", "not sent, because of Credentials"))
      else if (!isReachable) yield* tell(skipped("probe", "not sent, because the way to the server is not open"))
      else yield* tell(yield* probe(target, credentials))
    })

export const diagnose = (input: Input) =>
  Effect.gen(function* () {
    const timeoutMillis = yield* stepMillis(input.timeout)
    const { sources, variables } = yield* sourced({ ...input, timeout: Option.none() })
    return yield* diagnoseWith(input, timeoutMillis, { sources, variables }).pipe(
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: variables })))
    )
  })

const diagnoseWith = (
  { json, probe: probing }: Input,
  timeoutMillis: number,
  { sources, variables }: Effect.Success<ReturnType<typeof sourced>>
): Effect.Effect<void, ApnsError | Failure | Ended> =>
  Effect.gen(function* () {
    const { environment, port, topic } = yield* FromConfig.settings
    const address = yield* checkedAddress(environment, port)
    const proxy = yield* FromConfig.proxy(address)
    const loaded = yield* loadCredentials
    const target: Target = {
      environment,
      address,
      others: otherPorts(environment, address, variables),
      proxy,
      exemptFrom: proxy === undefined ? exemptFrom(variables) : undefined,
      credentials: "credentials" in loaded ? loaded.credentials : undefined,
      topic,
      caFile: variables.APNS_CA_FILE || undefined,
      timeoutMillis
    }
    const out = yield* style("stdout")
    const diagnosed = { address, settings: inForce(environment, sources) }
    const checks: Array<Check> = []
    if (!json) yield* Console.log(headOf(diagnosed, out))
    yield* examine(
      target,
      loaded,
      variables
    )((check) => {
      checks.push(check)
      return json ? Effect.void : Console.log(lineOf(check, out))
    }, probing)
    yield* Console.log(json ? asJson(diagnosed, checks) : footOf(checks, out))
    return yield* endWith(isWell(checks) ? ExitCode.ok : ExitCode.failed)
  })
