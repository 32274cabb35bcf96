/** What the page knows, and how it comes to know it. */
import type { LiveEvent, ReceivedSummary, Stats, StatsSecond } from "@effect-apns/simulator/ControlModel"
import { batch, computed, type ReadonlySignal, signal } from "@preact/signals"
import type { InboxApi } from "../api/client.ts"
import type { Link, LinkState } from "../api/events.ts"
import { type Filter, isFiltered, matcher, noFilter } from "../model/filter.ts"
import type { Push } from "../model/push.ts"
import { PushList } from "../model/pushList.ts"
import { addSeconds } from "../model/rate.ts"
import { makeDeepSearch } from "./deepSearch.ts"
import { makeDetails } from "./details.ts"
import { makeResource } from "./resource.ts"

const pageSize = 1_000
/** At most this many pages are read at the start; older requests are found by search. */
const maxPages = 10
const pauseMillis = 1_000

export interface Toast {
  readonly id: number
  readonly text: string
  readonly bad: boolean
}

/** What the list draws: newest first. */
export interface Shown {
  readonly count: number
  readonly at: (index: number) => Push | undefined
  readonly indexOf: (id: number) => number
}

const newestFirst = (items: ReadonlyArray<Push>): Shown => ({
  count: items.length,
  at: (index) => items[items.length - 1 - index],
  indexOf: (id) => {
    const index = items.findIndex((push) => push.id === id)
    return index < 0 ? -1 : items.length - 1 - index
  }
})

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

export type Store = ReturnType<typeof makeStore>

export const makeStore = (api: InboxApi) => {
  const list = new PushList()
  const items = signal<ReadonlyArray<Push>>([])
  const loaded = signal(false)
  const link = signal<LinkState>("connecting")
  const filter = signal<Filter>(noFilter)
  /** While the reader has scrolled away: the newest id that is drawn. */
  const head = signal<number | undefined>(undefined)
  const seconds = signal<ReadonlyArray<StatsSecond>>([])
  const toasts = signal<ReadonlyArray<Toast>>([])

  const search = makeDeepSearch({
    api,
    text: computed(() => filter.value.text.trim()),
    newest: computed(() => items.value.at(-1)?.id ?? 0),
    onFound: (summaries) => put(summaries.filter(({ id }) => list.get(id) === undefined)),
    onFailure: (cause) => say(messageOf(cause), true)
  })
  const matching = computed(() => {
    if (!isFiltered(filter.value)) return items.value
    return items.value.filter(matcher(filter.value, search.found.value))
  })
  const drawn = computed(() => {
    const until = head.value
    return until === undefined ? matching.value : matching.value.filter(({ id }) => id <= until)
  })
  const shown: ReadonlySignal<Shown> = computed(() => newestFirst(drawn.value))
  const waiting = computed(() => matching.value.length - drawn.value.length)

  let toastId = 0
  const say = (text: string, bad = false) => {
    const toast = { id: toastId++, text, bad }
    toasts.value = [...toasts.value.slice(-2), toast]
    setTimeout(
      () => {
        toasts.value = toasts.value.filter(({ id }) => id !== toast.id)
      },
      bad ? 7_000 : 2_500
    )
  }
  /** Does what a click asked for, and says what went wrong. */
  const attempt = async (action: () => Promise<unknown>, done?: string): Promise<void> => {
    try {
      await action()
      if (done !== undefined) say(done)
    } catch (cause) {
      say(messageOf(cause), true)
    }
  }

  const details = makeDetails(api)
  const info = makeResource(api.info)
  const stats = makeResource<Stats>(async () => {
    const read = await api.stats()
    seconds.value = addSeconds([], read.seconds)
    return read
  })
  const devices = makeResource(api.devices)
  const channels = makeResource(api.channels)
  const connections = makeResource(api.connections)
  const scenarios = makeResource(api.scenarios)
  const clock = makeResource(api.clock)
  const changing = { devices, channels, connections, scenarios, clock }

  const newest = () => items.value.at(-1)?.id ?? 0

  /** Up to this id the list has no hole. */
  let whole = 0
  /** Whether events may have been left out since. */
  let holed = true

  const forget = () => {
    whole = 0
    list.clear()
    details.clear()
    batch(() => {
      items.value = []
      search.forget()
      head.value = undefined
    })
  }

  const put = (summaries: ReadonlyArray<ReceivedSummary>) => {
    list.put(summaries)
    for (const { id } of summaries) details.changed(id)
    items.value = list.items
  }

  /** Reads pages down to what is known without a hole, so that a short interruption costs one page. */
  const readList = async () => {
    holed = false
    let before: number | undefined
    for (let page = 0; page < maxPages; page++) {
      const { items: read, next } = await api.received({ limit: pageSize, ...(before === undefined ? {} : { before }) })
      put(read)
      loaded.value = true
      if (next === undefined || (read.at(-1)?.id ?? 0) <= whole) break
      before = next
    }
    if (!holed) whole = newest()
  }

  let started: number | undefined
  const begin = async () => {
    const now = await api.info()
    // Another process begins to count anew: what is known is of another inbox.
    if (started !== undefined && started !== now.started) forget()
    started = now.started
    info.set(now)
    stats.load()
    scenarios.load()
    clock.load()
    for (const resource of Object.values(changing)) resource.refresh()
    await readList()
  }

  /** Ids go up by one: what comes must follow what is there. */
  const noteHole = (summaries: ReadonlyArray<ReceivedSummary>) => {
    const last = newest()
    const fresh = new Set(summaries.flatMap(({ id }) => (id > last ? [id] : [])))
    if (last === 0 || fresh.size === Math.max(last, ...fresh) - last) return
    holed = true
    void beginSoon()
  }

  let beginning = false
  let beginAgain = false
  /** One after the other, and with a pause: a stream that carries too much says so several times a second. */
  const beginSoon = async () => {
    if (beginning) {
      beginAgain = true
      return
    }
    beginning = true
    await attempt(begin)
    setTimeout(() => {
      beginning = false
      if (!beginAgain) return
      beginAgain = false
      void beginSoon()
    }, pauseMillis)
  }

  const onEvent = (event: LiveEvent) => {
    switch (event._tag) {
      case "hello":
      case "gap":
        holed = true
        void beginSoon()
        break
      case "received":
        noteHole(event.items)
        put(event.items)
        if (!holed && !beginning) whole = newest()
        devices.refresh()
        connections.refresh()
        // Their counts change with every request they meet, of which nothing else is told.
        scenarios.refresh()
        break
      case "cleared":
        forget()
        stats.load()
        break
      case "changed":
        for (const what of event.what) changing[what].refresh()
        break
      case "stats":
        seconds.value = addSeconds(seconds.value, [event.second])
        break
    }
  }

  const start = (listen: Link): (() => void) => {
    const stopSearch = search.start()
    const stopListening = listen({
      onEvent,
      onState: (state) => {
        link.value = state
      }
    })
    return () => {
      stopSearch()
      stopListening()
    }
  }

  return {
    api,
    start,
    items,
    loaded,
    link,
    filter,
    shown,
    waiting,
    seconds,
    toasts,
    say,
    attempt,
    details,
    info,
    stats,
    devices,
    channels,
    connections,
    scenarios,
    clock,
    push: (id: number) => list.get(id),
    /** Holds what is drawn where it is, while new requests arrive above. */
    hold: () => {
      head.value ??= items.value.at(-1)?.id
    },
    follow: () => {
      head.value = undefined
    }
  }
}
