/** What every view may use. */
import type { ReadonlySignal } from "@preact/signals"
import { createContext } from "preact"
import { useContext } from "preact/hooks"
import type { Route } from "../state/route.ts"
import type { Store } from "../state/store.ts"

export interface View {
  readonly store: Store
  readonly route: ReadonlySignal<Route>
  readonly go: (route: Route, replace?: boolean) => void
}

export const Context = createContext<View | undefined>(undefined)

export const useView = (): View => {
  const view = useContext(Context)
  if (view === undefined) throw new Error("a view is drawn outside of Context.Provider")
  return view
}
