import type { Outcome } from "@effect-apns/simulator/ControlModel"
import { useComputed } from "@preact/signals"
import { type Filter, isFiltered, noFilter } from "../model/filter.ts"
import { outcomeName, outcomes, type Push, shorten } from "../model/push.ts"
import { factsOf } from "../model/pushType.ts"
import { useView } from "./context.ts"
import { Icon } from "./Icon.tsx"
import { searchId } from "./keys.ts"

/** Longer menus help nobody; the search finds the rest. */
const longestMenu = 100

const distinct = (items: ReadonlyArray<Push>, of: (push: Push) => string | undefined): ReadonlyArray<string> => {
  const found = new Set<string>()
  for (const push of items) {
    const value = of(push)
    if (value !== undefined && value !== "") found.add(value)
    if (found.size >= longestMenu) break
  }
  return [...found].sort()
}

interface SelectProps {
  readonly label: string
  readonly all: string
  readonly value: string | undefined
  readonly options: ReadonlyArray<readonly [value: string, label: string]>
  readonly onChange: (value: string | undefined) => void
}

const Select = ({ label, all, value, options, onChange }: SelectProps) => (
  <select
    class={value === undefined ? "select" : "select select-set"}
    aria-label={label}
    value={value ?? ""}
    onChange={({ currentTarget }) => onChange(currentTarget.value === "" ? undefined : currentTarget.value)}
  >
    <option value="">{all}</option>
    {value === undefined || options.some(([option]) => option === value) ? null : (
      <option value={value}>{shorten(value)}</option>
    )}
    {options.map(([option, text]) => (
      <option key={option} value={option}>
        {text}
      </option>
    ))}
  </select>
)

export const Filters = () => {
  const { store, go } = useView()
  const { filter, items } = store
  const apps = useComputed(() => distinct(items.value, ({ app }) => app))
  const types = useComputed(() => distinct(items.value, ({ type }) => type))
  const devices = useComputed(() => distinct(items.value, ({ summary }) => summary.device?.toLowerCase()))
  const set = (part: Partial<Filter>) => {
    store.follow()
    filter.value = { ...filter.value, ...part }
  }
  const current = filter.value
  return (
    <search class="filters">
      <div class="search">
        <Icon name="search" />
        <input
          id={searchId}
          type="search"
          placeholder="Search titles, payloads, ids…"
          aria-label="Search"
          autocomplete="off"
          spellcheck={false}
          value={current.text}
          onInput={({ currentTarget }) => set({ text: currentTarget.value })}
        />
        <kbd>/</kbd>
      </div>
      <div class="filter-row">
        <Select
          label="App"
          all="App"
          value={current.app}
          options={apps.value.map((app) => [app, app])}
          onChange={(app) => set({ app })}
        />
        <Select
          label="Type"
          all="Type"
          value={current.type}
          options={types.value.map((type) => [type, factsOf(type).label])}
          onChange={(type) => set({ type })}
        />
        <Select
          label="Device"
          all="Device"
          value={current.device}
          options={devices.value.map((device) => [device, shorten(device)])}
          onChange={(device) => set({ device })}
        />
        <Select
          label="Outcome"
          all="Outcome"
          value={current.outcome}
          options={outcomes.map((outcome) => [outcome, outcomeName(outcome)])}
          onChange={(outcome) => set({ outcome: outcomes.find((known): known is Outcome => known === outcome) })}
        />
      </div>
      <div class="filter-foot">
        <span>
          {store.shown.value.count.toLocaleString("en-GB")}
          {isFiltered(current) ? ` of ${items.value.length.toLocaleString("en-GB")}` : ""}{" "}
          {items.value.length === 1 ? "push" : "pushes"}
        </span>
        <span class="filter-actions">
          {isFiltered(current) ? (
            <button
              type="button"
              class="link-button"
              onClick={() => {
                filter.value = noFilter
              }}
            >
              Clear filters
            </button>
          ) : null}
          <button
            type="button"
            class="link-button"
            onClick={async () => {
              await store.attempt(store.api.clear, "The inbox is empty")
              go({ page: "inbox", push: undefined })
            }}
          >
            Empty the inbox
          </button>
        </span>
      </div>
    </search>
  )
}
