/** The whole of the requests that were looked at. */
import type { ReceivedDetail } from "@effect-apns/simulator/ControlModel"
import { type ReadonlySignal, signal } from "@preact/signals"
import type { InboxApi } from "../api/client.ts"

/** A body may have 64 KiB. */
const capacity = 200

export type DetailState =
  | { readonly _tag: "loading" }
  | { readonly _tag: "failed"; readonly message: string }
  | { readonly _tag: "loaded"; readonly detail: ReceivedDetail }

export const makeDetails = (api: InboxApi) => {
  const cache = new Map<number, ReceivedDetail>()
  const current = signal<DetailState | undefined>(undefined)
  let currentId: number | undefined

  const read = async (id: number): Promise<ReceivedDetail> => {
    const known = cache.get(id)
    if (known !== undefined) return known
    const detail = await api.detail(id)
    // One that waits for its answer will change.
    if (detail.outcome !== "pending") cache.set(id, detail)
    const oldest = cache.keys().next()
    if (cache.size > capacity && oldest.done !== true) cache.delete(oldest.value)
    return detail
  }

  const show = (id: number) => {
    read(id).then(
      (detail) => {
        if (currentId === id) current.value = { _tag: "loaded", detail }
      },
      (cause: unknown) => {
        const message = cause instanceof Error ? cause.message : String(cause)
        if (currentId === id) current.value = { _tag: "failed", message }
      }
    )
  }

  return {
    /** The one that is open. */
    current: current as ReadonlySignal<DetailState | undefined>,
    open: (id: number | undefined) => {
      if (id === currentId) return
      currentId = id
      if (id === undefined) {
        current.value = undefined
        return
      }
      // What is shown stays until the next is there, so that moving along the list does not flicker.
      if (current.peek()?._tag !== "loaded") current.value = { _tag: "loading" }
      show(id)
    },
    read,
    changed: (id: number) => {
      cache.delete(id)
      if (id === currentId) show(id)
    },
    clear: () => {
      cache.clear()
      currentId = undefined
      current.value = undefined
    }
  }
}
