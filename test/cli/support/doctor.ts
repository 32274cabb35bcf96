/** `apns doctor`, run and taken apart. */
import * as Tls from "node:tls"
import { fileURLToPath } from "node:url"
import { assert } from "@effect/vitest"
import { Simulator, type SimulatorOptions } from "@effect-apns/simulator"
import { Effect } from "effect"
import { identity } from "../../../packages/simulator/src/internal/identity.ts"
import { serving } from "../../support/proxies.ts"
import { run } from "./commandLine.ts"
import { localVariables } from "./local.ts"
import { runProcess } from "./process.ts"

export interface Line {
  readonly check: string
  readonly status: "passed" | "warned" | "failed" | "skipped"
  readonly detail: string
  readonly cure?: string
  readonly facts?: Readonly<Record<string, unknown>>
}

export interface Diagnosis {
  readonly ok: boolean
  readonly host: string
  readonly port: number
  readonly settings: ReadonlyArray<Readonly<Record<"name" | "value" | "from" | "source", string>>>
  readonly checks: ReadonlyArray<Line>
}

export type Variables = Readonly<Record<string, string>>

export const certificates = fileURLToPath(new URL("../../fixtures/certificates/", import.meta.url))

/** What it finds, and that its exit code says the same. */
export const diagnosed = (env: Variables, args: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    // Whom Node trusts is read when a process starts.
    const runs = env.NODE_EXTRA_CA_CERTS === undefined ? run : runProcess
    const json = yield* runs(["doctor", "--json", ...args], { env })
    assert.strictEqual(json.stderr, "")
    // What is asserted of it says whether it is one.
    const diagnosis = JSON.parse(json.stdout) as Diagnosis
    const statuses = Object.fromEntries(diagnosis.checks.map(({ check, status }) => [check, status]))
    const line = (name: string): Line => {
      const found = diagnosis.checks.find(({ check }) => check === name)
      assert(found !== undefined, `${name} is missing`)
      return found
    }
    assert.strictEqual(diagnosis.ok, !Object.values(statuses).includes("failed"))
    assert.strictEqual(json.code, diagnosis.ok ? 0 : 1)
    return { ...diagnosis, code: json.code, statuses, line, stdout: json.stdout }
  })

export const well: Readonly<Record<string, Line["status"]>> = {
  node: "passed",
  credentials: "passed",
  permissions: "passed",
  topic: "passed",
  proxy: "passed",
  dns: "passed",
  port: "passed",
  managementPort: "passed",
  tls: "passed",
  http2: "passed",
  settings: "passed",
  roundTrip: "passed",
  clock: "passed",
  probe: "passed"
}

export const order = Object.keys(well)

/** The checks of a server that has no port for channels. */
export const withoutChannels = order.filter((name) => name !== "managementPort")

/** All is well up to a check that fails, and what comes after it is not looked at. */
export const failedAt = (check: string, checks: ReadonlyArray<string> = order) =>
  Object.fromEntries(
    checks.map((name, index): [string, Line["status"]] => {
      const failing = checks.indexOf(check)
      return [name, index < failing ? "passed" : index === failing ? "failed" : "skipped"]
    })
  )

export const simulated = (options?: SimulatorOptions) => Effect.provide(Simulator.layer(options))

/** TLS by a certificate of the simulators' authority, whose file the variables name. */
export const tlsServer = (options: Tls.TlsOptions, onSocket: (socket: Tls.TLSSocket) => void) =>
  Effect.gen(function* () {
    const { certificate, key } = yield* Effect.promise(identity)
    const context = Tls.createSecureContext({ cert: certificate, key })
    return yield* serving((socket) => {
      const tls = new Tls.TLSSocket(socket, { isServer: true, secureContext: context, ...options })
      tls.on("error", () => {})
      tls.on("secure", () => onSocket(tls))
    })
  })

/** The simulator's variables, for a server of the test's own, which has no port for channels. */
export const pointedAt = (port: number) =>
  Effect.map(localVariables, (variables) => ({ ...variables, APNS_PORT: String(port), APNS_MANAGEMENT_PORT: "" }))

/** A port at which nothing listens. */
export const closedPort = Effect.scoped(
  Effect.map(
    serving(() => {}),
    ({ port }) => port
  )
)
