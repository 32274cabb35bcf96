/** The queue's store, as `--store` or `APNS_QUEUE` names it. Its client is loaded when it is that one. */
import * as NodeSqlite from "@effect-apns/delivery/NodeSqlite"
import * as Store from "@effect-apns/delivery/Store"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { ExitCode } from "../ExitCode.ts"
import { badInput, Failure } from "../Failure.ts"
import { Process } from "../Process.ts"

export interface StoreInput {
  readonly store: Option.Option<string>
  readonly name: string
}

/** The two queues of a name: for what is urgent, and for the rest. */
export const lanesOf = (name: string): ReadonlyArray<string> => [`${name}:high`, `${name}:low`]

const scheme = /^([a-z][a-z+.-]+):\/\//i

const hasPassword = (place: string) => /^[^/]+:\/\/[^/@]*:[^/@]+@/.test(place)

const placeOf = (given: Option.Option<string>): Effect.Effect<string, Failure> => {
  if (Option.isSome(given) && hasPassword(given.value)) {
    return Effect.fail(
      badInput(
        "--store holds a password, and the command line of a process is public on its machine",
        "Set APNS_QUEUE to the URL instead."
      )
    )
  }
  return Effect.flatMap(Process, ({ env }) => {
    const place = Option.getOrElse(given, () => env.APNS_QUEUE ?? "")
    return place === ""
      ? Effect.fail(
          badInput("it is not said where the queue is", "Give --store queue.db, or a postgres:// or redis:// URL.")
        )
      : Effect.succeed(place)
  })
}

/** Without the user and the password. */
const shown = (place: string): string => place.replace(/\/\/[^/]*@/, "//")

const unreachable = (place: string) => (cause: Cause.Cause<unknown>) =>
  Effect.fail(
    new Failure({
      problem: `the queue at ${shown(place)} cannot be opened: ${Cause.prettyErrors(cause)[0]?.message ?? "unknown"}`,
      cure: "Check that it is there, and that this user may use it.",
      exitCode: ExitCode.failed,
      cause: Cause.squash(cause)
    })
  )

const layerOf = async (place: string): Promise<Layer.Layer<Store.Services, unknown> | undefined> => {
  switch (scheme.exec(place)?.[1]?.toLowerCase()) {
    case undefined:
      return Store.sql().pipe(Layer.provide(NodeSqlite.layer({ filename: place })))
    case "postgres":
    case "postgresql": {
      const PgClient = await import("@effect/sql-pg/PgClient")
      return Store.sql().pipe(Layer.provide(PgClient.layer({ url: Redacted.make(place), multiplex: true })))
    }
    case "redis":
    case "rediss": {
      const NodeRedis = await import("@effect/platform-node/NodeRedis")
      return Store.redis().pipe(Layer.provide(NodeRedis.layer({ url: place, disableOfflineQueue: true })))
    }
    default:
      return undefined
  }
}

/** Opens the store; fails, with what to do, where there is none. */
export const storeLayer = ({ store }: StoreInput): Layer.Layer<Store.Services, Failure> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const place = yield* placeOf(store)
      const layer = yield* Effect.promise(() => layerOf(place))
      if (layer === undefined) {
        return yield* badInput(
          `a queue cannot be at ${JSON.stringify(shown(place))}`,
          "Give a file, or a URL that begins with postgres:// or redis://."
        )
      }
      return Layer.catchCause(layer, (cause) => Layer.unwrap(unreachable(place)(cause)))
    })
  )

/** What a store fails with later, while it is used. */
export const storeFailed = (cause: { readonly message: string }): Failure =>
  new Failure({ problem: `the queue failed: ${cause.message}`, cure: "Try again.", exitCode: ExitCode.failed, cause })
