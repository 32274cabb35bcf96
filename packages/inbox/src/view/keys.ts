/** The keyboard: one listener for the whole page. */
import { useEffect } from "preact/hooks"
import { pages } from "../state/route.ts"
import { useView } from "./context.ts"
import { helpOpen } from "./Help.tsx"
import { useCopy } from "./parts.tsx"

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]")

export const searchId = "search"

export const useKeys = (): void => {
  const { store, route, go } = useView()
  const copy = useCopy()

  useEffect(() => {
    const move = (by: number) => {
      const { push } = route.value
      const { value: shown } = store.shown
      const index = push === undefined ? -1 : shown.indexOf(push)
      const next = shown.at(index < 0 ? 0 : Math.min(shown.count - 1, Math.max(0, index + by)))
      if (next === undefined) return
      go({ page: "inbox", push: next.id }, push !== undefined)
    }
    const close = () => {
      if (route.value.push !== undefined) go({ page: "inbox", push: undefined })
    }
    const openPush = (action: (id: number) => void) => {
      const { push } = route.value
      if (push !== undefined) action(push)
    }
    const onInbox: Readonly<Record<string, () => void>> = {
      j: () => move(1),
      k: () => move(-1),
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      Escape: close,
      Enter: () => {
        if (route.value.push === undefined) move(0)
      },
      g: () => {
        store.follow()
        document.querySelector(".list")?.scrollTo({ top: 0 })
      },
      r: () => openPush((id) => void store.attempt(() => store.api.replay(id), "Replayed")),
      c: () => openPush((id) => void copy(() => store.api.exported(id, "curl"), "curl command"))
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
      // An open dialog has the keyboard to itself.
      if (document.querySelector("dialog[open]") !== null) return
      const { key, target } = event
      if (isTyping(target)) {
        if (key === "Escape" && target instanceof HTMLElement) target.blur()
        return
      }
      if (key === "?") helpOpen.value = true
      else if (key === "/") {
        go({ page: "inbox", push: route.value.push })
        const search = document.getElementById(searchId)
        if (search !== null) search.focus()
        // It is drawn with the page it is on.
        else requestAnimationFrame(() => document.getElementById(searchId)?.focus())
      } else if (/^[1-7]$/.test(key)) {
        const page = pages[Number(key) - 1]
        if (page !== undefined) go({ page, push: undefined })
      } else {
        // A button or a link that has the focus is pressed with Enter.
        if (key === "Enter" && target instanceof HTMLElement && target.matches("a, button, summary")) return
        const action = route.value.page === "inbox" && Object.hasOwn(onInbox, key) ? onInbox[key] : undefined
        if (action === undefined) return
        action()
      }
      event.preventDefault()
    }
    document.addEventListener("keydown", onKey)
    return () => document.removeEventListener("keydown", onKey)
  }, [])
}
