/**
 * Targets of `Tenants`: as they are given, as keys of a map, and by name.
 */
import type { Target, TargetInput } from "../Tenants.ts"

export const targetOf = (input: TargetInput): Target =>
  typeof input === "string"
    ? { tenant: input, environment: "production" }
    : { tenant: input.tenant, environment: input.environment ?? "production" }

// The maps' keys are strings: hashing an object takes longer than all the rest of a look into a map.
export const keyOf = ({ environment, tenant }: Target) => `${environment}/${tenant}`

export const targetOfKey = (key: string): Target => {
  const end = key.indexOf("/")
  // What `keyOf` wrote; a name that only an untyped caller can give is refused where the environment is resolved.
  return { environment: key.slice(0, end) as Target["environment"], tenant: key.slice(end + 1) }
}

export const nameOf = ({ environment, tenant }: Target) =>
  `${String(tenant)
    .slice(0, 100)
    .replaceAll(/\p{Cc}/gu, "?")} (${environment})`
