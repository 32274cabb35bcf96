/**
 * What a command would send: the request that the library makes of it, taken where it would have gone to APNs.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { ApnsError } from "effect-apns"
import { Apns } from "effect-apns/Apns"
import { ApnsConnection, type ApnsRequest } from "effect-apns/ApnsConnection"
import { ApnsError as ApnsFailure } from "effect-apns/ApnsError"
import { certificate } from "effect-apns/Credentials"
import * as Environment from "effect-apns/Environment"
import { JwtCache } from "effect-apns/JwtCache"
import { PayloadSchema } from "effect-apns/PayloadSchema"
import { group } from "./numbers.ts"
import type { Variables } from "./Settings.ts"
import { type Style, style } from "./Style.ts"
import { wrapped } from "./table.ts"

/**
 * A request that was not sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface DryRun {
  readonly method: string
  readonly host: string
  readonly port: number
  /** Its device token is shortened. */
  readonly path: string
  /** All header fields but the provider token. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly bytes: number
  /** How many bytes the body may have. */
  readonly limit: number
}

/** An address that is neither Apple's nor of a server: only dry runs have it. */
const nowhere = "dry-run"

const answered = (now: number) => ({
  status: 200,
  fields: {},
  body: "",
  connection: nowhere,
  queuedAtMillis: now,
  openedAtMillis: now,
  answeredAtMillis: now
})

/** Takes the request, and answers as if APNs had accepted it. */
const taking = (take: (request: ApnsRequest) => void) =>
  Layer.succeed(ApnsConnection, {
    address: nowhere,
    request: (request) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        take(request)
        return answered(now)
      }),
    retire: () => Effect.void
  })

const set = (value: string | undefined): string | undefined => (value === undefined || value === "" ? undefined : value)

const serverOf = (variables: Variables): Effect.Effect<Environment.Address, ApnsError> => {
  const host = set(variables.APNS_HOST)
  const name = set(variables.APNS_ENVIRONMENT) ?? "production"
  const port = set(variables.APNS_PORT)
  // What is neither of the two names is refused with a cure, so it may go on as it is.
  const environment = host === undefined ? (name as Environment.Environment) : { host }
  return Effect.mapError(
    Effect.fromResult(Environment.resolve(environment, port === undefined ? undefined : Number(port))),
    (reason) => new ApnsFailure({ reason })
  )
}

/** The certificate's, where that is the credential and no topic is set. */
const topicOf = (variables: Variables): Effect.Effect<string | undefined, ApnsError> => {
  const topic = set(variables.APNS_TOPIC)
  const file = set(variables.APNS_CERTIFICATE_FILE)
  if (topic !== undefined || file === undefined) return Effect.succeed(topic)
  const passphrase = set(variables.APNS_CERTIFICATE_PASSPHRASE)
  return Effect.map(
    certificate({
      file,
      keyFile: set(variables.APNS_CERTIFICATE_KEY_FILE),
      passphrase: passphrase === undefined ? undefined : Redacted.make(passphrase)
    }),
    (credentials) => credentials.topic
  )
}

/** As in the errors of the library: enough to recognise a token, too little to use it. */
const shortPath = (path: string) =>
  path.replace(/^(\/3\/device\/)(.+)$/, (_, start: string, token: string) =>
    token.length <= 12 ? `${start}${token.slice(0, 4)}…` : `${start}${token.slice(0, 4)}…${token.slice(-4)}`
  )

/**
 * The request that an Effect would send, after every check that the library makes before it sends.
 *
 * **When to use**
 *
 * Use with `resolved` of the command's flags. A topic is needed, as for sending; a key is not.
 *
 * `limit`: how many bytes the body may have, `sizeLimit` of the push type or `broadcastSizeLimit`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const dryRun = (
  sending: Effect.Effect<unknown, ApnsError, Apns>,
  { limit, variables }: { readonly limit: number; readonly variables: Variables }
): Effect.Effect<DryRun, ApnsError> =>
  Effect.gen(function* () {
    const { host, port } = yield* serverOf(variables)
    const topic = yield* topicOf(variables)
    let taken: ApnsRequest | undefined
    const connection = taking((request) => {
      taken = request
    })
    const services = Layer.mergeAll(connection, JwtCache.layerNone, PayloadSchema.layer)
    yield* Effect.provide(sending, Apns.layerNoDeps({ topic }).pipe(Layer.provide(services)))
    if (taken === undefined) return yield* Effect.die(new Error("nothing would be sent"))
    const { body, fields, method, path } = taken as ApnsRequest // Assigned by the connection, which the compiler does not see.
    return {
      method,
      host,
      port,
      path: shortPath(path),
      headers: { ...fields },
      body: new TextDecoder().decode(body),
      bytes: body.length,
      limit
    }
  })

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

const asText = (run: DryRun, warnings: ReadonlyArray<string>, { faint, good, strong, warn }: Style): string => {
  const { body, bytes, headers, host, limit, method, path, port } = run
  const content = parsed(body)
  const fields = Object.entries(headers)
  const width = Math.max(...fields.map(([name]) => name.length))
  return [
    strong(`${method} ${path}`),
    faint(`to ${host}:${port}`),
    "",
    ...fields.map(([name, value]) => `${faint(name.padEnd(width))}  ${value}`),
    "",
    typeof content === "string" ? content : JSON.stringify(content, null, 2),
    "",
    `${good("✓")} It breaks no rule that is known before sending.`,
    `${good("✓")} ${group(bytes)} of ${group(limit)} bytes.`,
    ...warnings.map((warning) => `${warn("!")} ${wrapped(warning, 2)}`),
    faint("Nothing was sent.")
  ].join("\n")
}

/**
 * Prints a dry run on standard output. `warnings` are sentences about what is allowed and probably not meant.
 *
 * @category formatting
 * @since 0.1.0
 */
export const printDryRun = (
  run: DryRun,
  { json, warnings = [] }: { readonly json: boolean; readonly warnings?: ReadonlyArray<string> | undefined }
): Effect.Effect<void> =>
  Effect.flatMap(style("stdout"), (look) =>
    Console.log(
      json
        ? JSON.stringify({ dryRun: true, ...run, body: parsed(run.body), warnings }, null, 2)
        : asText(run, warnings, look)
    )
  )
