/**
 * What can be wrong with a target of `Tenants` before anything is sent.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ApnsError } from "../ApnsError.ts"
import { ConnectionFailed, InvalidConfiguration, InvalidNotification } from "../Reason.ts"
import type { Target, TargetConfig } from "../Tenants.ts"
import { nameOf } from "./tenantTarget.ts"

export const unrouted = new InvalidNotification({
  field: "target",
  problem: "is missing",
  cure: "Name it with Tenants.to, or return it from the route given to Tenants.layerApns."
})

export const lookupIn =
  (tenants: Readonly<Record<string, TargetConfig>>) =>
  ({ tenant }: Target): Effect.Effect<TargetConfig, ApnsError> => {
    const config = Object.hasOwn(tenants, tenant) ? tenants[tenant] : undefined
    return config === undefined ? Effect.fail(unknownTenant) : Effect.succeed(config)
  }

const unknownTenant = new ApnsError({
  reason: new InvalidConfiguration({
    setting: "tenants",
    problem: "has no tenant of that name",
    cure: "Add it to the `tenants` of Tenants.layer, or correct the name."
  })
})

export const lookupLate = (target: Target, timeout: Duration.Duration) =>
  new ApnsError({
    reason: new ConnectionFailed({
      address: nameOf(target),
      step: "connect",
      problem: `its lookup took more than ${Duration.format(timeout)}`,
      cure: "See what `lookup` waits for, or give it a longer `lookupTimeout`.",
      transient: true
    })
  })

export const closed = (target: Target) =>
  new ConnectionFailed({
    address: nameOf(target),
    step: "closed",
    problem: "the layer of Tenants was closed by this program",
    cure: "Keep the layer's scope open until every send has ended.",
    transient: false
  })
