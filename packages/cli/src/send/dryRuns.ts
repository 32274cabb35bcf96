/** `apns send --dry-run`: the requests of notifications that are not sent. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { ApnsError } from "effect-apns"
import { send } from "effect-apns/Apns"
import type { Notification } from "effect-apns/Notification"
import { sizeLimit } from "effect-apns/PayloadSchema"
import { dryRun, printDryRun } from "../dryRun.ts"
import type { Variables } from "../Settings.ts"

/** A certificate says who sends when the connection is made; a provider token, which is not shown, in every request. */
const authorization = ({ trust }: Notification, { APNS_CERTIFICATE_FILE: file = "" }: Variables) =>
  trust === "certificate" || file !== "" ? {} : { authorization: "bearer ••••••••" }

export const showRequests = (
  notifications: ReadonlyArray<Notification>,
  options: { readonly variables: Variables; readonly json: boolean; readonly warnings: ReadonlyArray<string> }
): Effect.Effect<void, ApnsError> =>
  Effect.gen(function* () {
    const { json, variables, warnings } = options
    for (const [index, notification] of notifications.entries()) {
      if (index > 0 && !json) yield* Console.log("")
      const limit = sizeLimit(notification.pushType)
      const run = yield* dryRun(send(notification), { limit, variables })
      const headers = { ...authorization(notification, variables), ...run.headers }
      yield* printDryRun({ ...run, headers }, { json, warnings })
    }
  })
