/**
 * How `sendAll` sends without a fiber for every notification: this package's own `Apns` is asked by listener, any other
 * through its `send`.
 */
import type * as Effect from "effect/Effect"
import type { Apns, Receipt } from "../Apns.ts"
import type { ApnsError } from "../ApnsError.ts"
import type { Notification } from "../Notification.ts"
import type { Cancellable } from "./submit.ts"

/** Who hears of what is sent: one call of one method, maybe before `dispatch` returns. */
export interface Outlet<A> {
  onReceipt(receipt: A): void
  /** It did not go through at once; this Effect does what is left, or fails. */
  onRest(rest: Effect.Effect<A, ApnsError>): void
}

/** Sends a notification. What it returns gives it up; nothing, when the outlet has been told already. */
export type Dispatch = (notification: Notification, outlet: Outlet<Receipt>) => Cancellable | undefined

const known = new WeakMap<Apns["Service"], Dispatch>()

/** An `Apns`, with the way to it that takes no Effect. */
export const withDispatch = (apns: Apns["Service"], dispatch: Dispatch): Apns["Service"] => {
  known.set(apns, dispatch)
  return apns
}

/** The way that works with every `Apns`: its `send`. */
export const dispatchByFiber =
  (apns: Apns["Service"]): Dispatch =>
  (notification, outlet) =>
    void outlet.onRest(apns.send(notification))

/** The shortest way to an `Apns`. */
export const dispatchOf = (apns: Apns["Service"]): Dispatch => known.get(apns) ?? dispatchByFiber(apns)
