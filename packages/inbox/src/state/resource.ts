/** A list the simulator keeps, read again when it says that it changed. */
import { type ReadonlySignal, signal } from "@preact/signals"

export interface Resource<A> {
  /** `undefined` until it was read. */
  readonly value: ReadonlySignal<A | undefined>
  readonly error: ReadonlySignal<string | undefined>
  /** Reads it. While a reading is under way, one more follows it. */
  readonly load: () => void
  /** Reads it again, if anybody has asked for it before. */
  readonly refresh: () => void
  readonly set: (value: A) => void
}

export const makeResource = <A>(read: () => Promise<A>): Resource<A> => {
  const value = signal<A | undefined>(undefined)
  const error = signal<string | undefined>(undefined)
  let loading = false
  let again = false
  let wanted = false

  const load = () => {
    wanted = true
    if (loading) {
      again = true
      return
    }
    loading = true
    read()
      .then(
        (read) => {
          value.value = read
          error.value = undefined
        },
        (cause: unknown) => {
          error.value = cause instanceof Error ? cause.message : String(cause)
        }
      )
      .finally(() => {
        loading = false
        if (again) {
          again = false
          load()
        }
      })
  }

  return {
    value,
    error,
    load,
    refresh: () => {
      if (wanted) load()
    },
    set: (next) => {
      value.value = next
    }
  }
}
