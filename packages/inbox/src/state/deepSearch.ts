/** Search in headers and payloads: the page has only summaries, so the simulator is asked. */
import type { ReceivedSummary } from "@effect-apns/simulator/ControlModel"
import { effect, type ReadonlySignal, signal } from "@preact/signals"
import type { InboxApi } from "../api/client.ts"

/** After a letter was typed, and after more arrived. */
const typedMillis = 200
const arrivedMillis = 1_000
/** The newest so many are found; who needs more types another word. */
const most = 1_000

interface Options {
  readonly api: InboxApi
  readonly text: ReadonlySignal<string>
  /** The newest id known. */
  readonly newest: ReadonlySignal<number>
  readonly onFound: (summaries: ReadonlyArray<ReceivedSummary>) => void
  readonly onFailure: (cause: unknown) => void
}

export const makeDeepSearch = ({ api, text, newest, onFound, onFailure }: Options) => {
  const found = signal<ReadonlySet<number>>(new Set())
  let searched = { text: "", until: 0 }
  let timer: ReturnType<typeof setTimeout> | undefined
  let scheduled = ""

  const search = async (wanted: string) => {
    const until = newest.peek()
    const more = wanted === searched.text
    try {
      const { items } = await api.received({ text: wanted, after: more ? searched.until : 0, limit: most })
      if (wanted !== text.peek()) return
      const ids = items.map(({ id }) => id)
      searched = { text: wanted, until }
      onFound(items)
      found.value = new Set(more ? [...found.peek(), ...ids] : ids)
    } catch (cause) {
      // Not asked again until something changes: what failed once would fail each second.
      searched = { text: wanted, until }
      onFailure(cause)
    }
  }

  const schedule = () => {
    const wanted = text.peek()
    const more = wanted === searched.text
    if (wanted === "" || (more && newest.peek() <= searched.until)) return
    // What arrives does not put a search off, only what is typed does.
    if (timer !== undefined && scheduled === wanted) return
    clearTimeout(timer)
    scheduled = wanted
    timer = setTimeout(
      async () => {
        await search(wanted)
        timer = undefined
        schedule()
      },
      more ? arrivedMillis : typedMillis
    )
  }

  return {
    found: found as ReadonlySignal<ReadonlySet<number>>,
    forget: () => {
      found.value = new Set()
    },
    start: (): (() => void) =>
      effect(() => {
        const wanted = text.value
        newest.value
        if (wanted === "") {
          clearTimeout(timer)
          timer = undefined
          searched = { text: "", until: 0 }
          found.value = new Set()
        } else schedule()
      })
  }
}
