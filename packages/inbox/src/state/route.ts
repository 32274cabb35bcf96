/** Which page is shown, kept in the address so that it can be reloaded, shared and gone back to. */
import { signal } from "@preact/signals"

export const pages = ["inbox", "devices", "channels", "connections", "scenarios", "charts", "connect"] as const
export type Page = (typeof pages)[number]

export interface Route {
  readonly page: Page
  /** The push that is open, on the inbox page. */
  readonly push: number | undefined
}

export const parseRoute = (hash: string): Route => {
  const [, name = "", id = ""] = /^#\/([a-z]+)(?:\/(\d+))?$/.exec(hash) ?? []
  const page = pages.find((known) => known === name) ?? "inbox"
  return { page, push: page === "inbox" && id !== "" ? Number(id) : undefined }
}

export const routeText = ({ page, push }: Route): string => (push === undefined ? `#/${page}` : `#/${page}/${push}`)

export const makeRoute = (target: Window) => {
  const route = signal(parseRoute(target.location.hash))
  target.addEventListener("hashchange", () => {
    route.value = parseRoute(target.location.hash)
  })
  return {
    route,
    /** `replace` leaves no entry behind: moving along a list is one step back, not fifty. */
    go: (next: Route, replace = false) => {
      const text = routeText(next)
      if (text === target.location.hash) return
      if (replace) {
        target.history.replaceState(null, "", text)
        route.value = next
      } else target.location.hash = text
    }
  }
}
