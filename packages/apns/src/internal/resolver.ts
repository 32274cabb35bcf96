/** How host names are resolved: the system's resolver, unless a test has one of its own. */
import * as Context from "effect/Context"
import type { Resolve } from "./transport.ts"

export const Resolver = Context.Reference<Resolve | undefined>("effect-apns/Resolver", {
  defaultValue: () => undefined
})
