/**
 * How `sendAll` sends without a fiber for every notification: this package's own `Apns` is asked by listener, any other
 * through its `send`.
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

const known = new WeakMap<Apns["Service"], { readonly dispatch: Dispatch; readonly onHalted: OnHalted }>()
const allowed = new WeakMap<Apns["Service"], StreamsAllowed>()

/** An `Apns`, with the way to it that takes no Effect. */
export const withDispatch = (apns: Apns["Service"], dispatch: Dispatch, onHalted: OnHalted): Apns["Service"] => {
  known.set(apns, { dispatch, onHalted })
  return apns
}

/** An `Apns`, with the width of its connection, where that is known. */
export const withWidth = (apns: Apns["Service"], streamsAllowed: StreamsAllowed | undefined): Apns["Service"] => {
  if (streamsAllowed !== undefined) allowed.set(apns, streamsAllowed)
  return apns
}

/** The width of the connection of an `Apns`; `undefined` where that is not this package's own. */
export const widthOf = (apns: Apns["Service"]): StreamsAllowed | undefined => allowed.get(apns)

/** The way that works with every `Apns`: its `send`. */
export const dispatchByFiber =
  (apns: Apns["Service"]): Dispatch =>
  (notification, outlet) =>
    void outlet.onRest(apns.send(notification))

/** The shortest way to an `Apns`. */
export const dispatchOf = (apns: Apns["Service"]): Dispatch => known.get(apns)?.dispatch ?? dispatchByFiber(apns)

/** Who counts what `sendAll` holds back; nobody, where an `Apns` counts nothing. */
export const onHaltedOf = (apns: Apns["Service"]): OnHalted | undefined => known.get(apns)?.onHalted
