import { duration } from "../model/time.ts"
import type { Page } from "../state/route.ts"
import { theme, themes } from "../state/theme.ts"
import { useView } from "./context.ts"
import { helpOpen } from "./Help.tsx"
import { Icon, type IconName } from "./Icon.tsx"

const links: ReadonlyArray<readonly [Page, string]> = [
  ["inbox", "Inbox"],
  ["devices", "Devices"],
  ["channels", "Channels"],
  ["connections", "Connections"],
  ["scenarios", "Scenarios"],
  ["charts", "Charts"],
  ["connect", "Connect"]
]

const themeIcons = { system: "system", light: "sun", dark: "moon" } as const satisfies Record<string, IconName>

const ThemeButton = () => {
  const next = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? "system"
  const label = `Theme: ${theme.value}. Change to ${next}.`
  return (
    <button
      type="button"
      class="icon-button"
      title={label}
      aria-label={label}
      onClick={() => {
        theme.value = next
      }}
    >
      <Icon name={themeIcons[theme.value]} />
    </button>
  )
}

const linkTexts = { connecting: "Connecting", live: "Live", lost: "Reconnecting" }

const Link = () => {
  const { store } = useView()
  const state = store.link.value
  return (
    <span class={`link link-${state}`} role="status">
      {linkTexts[state]}
    </span>
  )
}

const Environment = () => {
  const { store } = useView()
  const environment = store.info.value.value?.environment
  const offset = store.clock.value.value?.offset ?? 0
  return (
    <div class="rail-facts">
      <Link />
      {environment === undefined ? null : <span class="tag">{environment}</span>}
      {Math.abs(offset) < 1_000 ? null : (
        <a class="tag tag-warn" href="#/scenarios" title="The simulator's clock was moved">
          {offset > 0 ? "+" : ""}
          {duration(offset)}
        </a>
      )}
    </div>
  )
}

const counts = (page: Page, store: ReturnType<typeof useView>["store"]): number | undefined => {
  if (page === "inbox") return store.items.value.length
  if (page === "scenarios") {
    return store.scenarios.value.value?.filter(({ scenario, spent }) => scenario.enabled !== false && !spent).length
  }
  return undefined
}

const NavLink = ({ page, label }: { readonly page: Page; readonly label: string }) => {
  const { store, route } = useView()
  const count = counts(page, store) ?? 0
  return (
    <a class="rail-link" href={`#/${page}`} aria-current={route.value.page === page ? "page" : undefined}>
      <Icon name={page} />
      <span class="rail-label">{label}</span>
      {count === 0 ? null : (
        <span class={page === "scenarios" ? "count count-warn" : "count"}>
          {count.toLocaleString("en-GB")}
          <span class="visually-hidden">{page === "scenarios" ? " switched on" : " received"}</span>
        </span>
      )}
    </a>
  )
}

export const Nav = () => (
  <nav class="rail" aria-label="Main">
    <a class="brand" href="#/inbox" aria-label="APNs Inbox">
      <span class="brand-mark" aria-hidden="true" />
      <span class="brand-name">
        APNs <b>Inbox</b>
      </span>
    </a>
    <div class="rail-links">
      {links.map(([page, label]) => (
        <NavLink key={page} page={page} label={label} />
      ))}
    </div>
    <div class="rail-foot">
      <Environment />
      <div class="rail-buttons">
        <ThemeButton />
        <button
          type="button"
          class="icon-button"
          title="Keyboard shortcuts (?)"
          aria-label="Keyboard shortcuts"
          onClick={() => {
            helpOpen.value = true
          }}
        >
          <Icon name="keyboard" />
        </button>
      </div>
    </div>
  </nav>
)
