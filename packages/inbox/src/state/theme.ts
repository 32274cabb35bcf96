/** Light, dark, or as the system has it. */
import { effect, signal } from "@preact/signals"

export const themes = ["system", "light", "dark"] as const
export type Theme = (typeof themes)[number]

const key = "apns-inbox-theme"

const stored = (): Theme => {
  try {
    const found = localStorage.getItem(key)
    return themes.find((theme) => theme === found) ?? "system"
  } catch {
    // A browser may forbid storage; the choice is then for this visit.
    return "system"
  }
}

export const theme = signal<Theme>(stored())

export const followTheme = (root: HTMLElement): void => {
  effect(() => {
    if (theme.value === "system") delete root.dataset.theme
    else root.dataset.theme = theme.value
    try {
      localStorage.setItem(key, theme.value)
    } catch {
      // See above.
    }
  })
}
