import { useCallback, useEffect } from "preact/hooks"
import { isFiltered, noFilter } from "../model/filter.ts"
import type { Push } from "../model/push.ts"
import { useView } from "./context.ts"
import { Detail } from "./Detail.tsx"
import { Filters } from "./Filters.tsx"
import { Guide } from "./Guide.tsx"
import { Icon } from "./Icon.tsx"
import { Empty } from "./parts.tsx"
import { VirtualList } from "./VirtualList.tsx"

const NewPill = () => {
  const { store } = useView()
  const count = store.waiting.value
  if (count === 0) return null
  return (
    <button
      type="button"
      class="new-pill"
      onClick={() => {
        store.follow()
        document.querySelector(".list")?.scrollTo({ top: 0 })
      }}
    >
      <Icon name="arrow" size={14} />
      {count.toLocaleString("en-GB")} new
    </button>
  )
}

const List = () => {
  const { store, route, go } = useView()
  const select = useCallback((push: Push) => go({ page: "inbox", push: push.id }, route.value.push !== undefined), [])
  const onTop = useCallback((atTop: boolean) => (atTop ? store.follow() : store.hold()), [])
  const shown = store.shown.value
  if (shown.count === 0 && isFiltered(store.filter.value)) {
    return (
      <Empty icon="filter" title="Nothing matches">
        No push has all of this.{" "}
        <button
          type="button"
          class="link-button"
          onClick={() => {
            store.filter.value = noFilter
          }}
        >
          Clear the filters
        </button>
      </Empty>
    )
  }
  return (
    <>
      <NewPill />
      <VirtualList shown={shown} selected={route.value.push} onSelect={select} onTop={onTop} />
    </>
  )
}

export const Inbox = () => {
  const { store, route } = useView()
  const { push } = route.value
  useEffect(() => store.details.open(push), [push])
  if (store.items.value.length === 0 && push === undefined) {
    return store.loaded.value || store.link.value === "lost" ? <Guide /> : <div class="loading" />
  }
  return (
    <div class={push === undefined ? "inbox" : "inbox inbox-open"}>
      <h1 class="visually-hidden">Inbox</h1>
      <section class="pane-list" aria-label="Pushes">
        <Filters />
        <List />
      </section>
      <section class="pane-detail" aria-label="Push">
        <Detail />
      </section>
    </div>
  )
}
