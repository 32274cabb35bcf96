/** A local APNs, and the variables that point the command at it. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { payloadOf, Simulator } from "@effect-apns/simulator"
import { Effect } from "effect"
import { folder } from "./folder.ts"

export const topic = "com.example.app"

/** The environment of a command that sends to the simulator. */
export const localVariables = Effect.gen(function* () {
  const { ca, host, key, managementPort, port } = yield* Simulator
  const directory = yield* folder
  const caFile = join(directory, "ca.pem")
  const keyFile = join(directory, "AuthKey.p8")
  writeFileSync(caFile, ca)
  writeFileSync(keyFile, key.privateKey, { mode: 0o600 })
  return {
    APNS_HOST: host,
    APNS_PORT: String(port),
    APNS_MANAGEMENT_PORT: String(managementPort),
    APNS_CA_FILE: caFile,
    APNS_TEAM_ID: key.teamId,
    APNS_KEY_ID: key.keyId,
    APNS_KEY_FILE: keyFile,
    APNS_TOPIC: topic
  }
})

/** The newest request that arrived at the simulator. */
export const newest = Effect.gen(function* () {
  const last = (yield* (yield* Simulator).received).at(-1)
  assert(last !== undefined)
  return { path: last.path, headers: Object.fromEntries(last.headers), payload: payloadOf(last) }
})
