/**
 * What `sendAll` knows of an `Apns` beside its public face: how to send without a fiber for every notification, and more.
 * An `Apns` of somebody else's has none of it, and is asked through its `send`.
 */
import type * as Effect from "effect/Effect"
import type { Apns, Receipt } from "../Apns.ts"
import type { ApnsError } from "../ApnsError.ts"
import type { Notification } from "../Notification.ts"
import type { Cancellable, StreamsAllowed } from "./submit.ts"

/** Who hears of what is sent: one call of one method, maybe before `dispatch` returns. */
export interface Outlet<A> {
  onReceipt(receipt: A): void
  /** It did not go through at once; this Effect does what is left, or fails. */
  onRest(rest: Effect.Effect<A, ApnsError>): void
}

/** Sends a notification. What it returns gives it up; nothing, when the outlet has been told already. */
export type Dispatch = (notification: Notification, outlet: Outlet<Receipt>) => Cancellable | undefined

/** Hears of a notification that was not worth sending. */
export type OnHalted = (notification: Notification, error: ApnsError) => void

/** What is true of an `Apns` whatever is put around its methods. */
export interface Inside {
  /** The width of its connection, where that is known. */
  readonly width?: StreamsAllowed | undefined
  /** Counts what `sendAll` holds back. */
  readonly onHalted?: OnHalted | undefined
  /** The target of a notification, as errors call it, where there is more than one, or one by name. */
  readonly targetOf?: ((notification: Notification) => string | undefined) | undefined
}

const Inside = Symbol("effect-apns/Apns/inside")

type Known = Apns["Service"] & { readonly [Inside]?: Inside }

/** An `Apns` with its inside, which a copy (`{ ...apns, send }`) has as well. */
export const withInside = (apns: Apns["Service"], inside: Inside): Apns["Service"] => {
  const known: Known = { ...apns, [Inside]: inside }
  return known
}

/** Nothing, of one that is not this package's own. (A mock seems to have whatever it is asked for.) */
export const insideOf = (apns: Known): Inside => (Object.hasOwn(apns, Inside) ? apns[Inside] : undefined) ?? {}

/** By the very function that it stands in for: a copy with a `send` of its own is asked through that. */
const shortcuts = new WeakMap<Apns["Service"]["send"], Dispatch>()

/** An `Apns`, with the way to it that takes no Effect. */
export const withDispatch = (apns: Apns["Service"], dispatch: Dispatch): Apns["Service"] => {
  shortcuts.set(apns.send, dispatch)
  return apns
}

/** The way that works with every `Apns`: its `send`. */
export const dispatchByFiber =
  (apns: Apns["Service"]): Dispatch =>
  (notification, outlet) =>
    void outlet.onRest(apns.send(notification))

/** The shortest way to an `Apns`. */
export const dispatchOf = (apns: Apns["Service"]): Dispatch => shortcuts.get(apns.send) ?? dispatchByFiber(apns)
