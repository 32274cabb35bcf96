import { signal } from "@preact/signals"
import type { ComponentChildren } from "preact"
import { lockDate, lockTime } from "../model/time.ts"
import { Icon } from "./Icon.tsx"

/** The phone's own look; as the page's until it is chosen. */
const look = signal<"page" | "light" | "dark">("page")

const Choice = ({ value, label }: { readonly value: "light" | "dark"; readonly label: string }) => (
  <button
    type="button"
    aria-pressed={look.value === value}
    aria-label={`Phone in ${value}`}
    title={label}
    onClick={() => {
      look.value = look.value === value ? "page" : value
    }}
  >
    <Icon name={value === "light" ? "sun" : "moon"} size={15} />
  </button>
)

interface Props {
  readonly time: number
  /** The screen stays dark. */
  readonly asleep: boolean
  /** The push never came here. */
  readonly refused: boolean
  readonly children: ComponentChildren
}

/** A lock screen. */
export const Phone = ({ time, asleep, refused, children }: Props) => (
  <div class="phone-place">
    {asleep ? null : (
      <fieldset class="segments phone-look">
        <legend class="visually-hidden">Look of the phone</legend>
        <Choice value="light" label="Light" />
        <Choice value="dark" label="Dark" />
      </fieldset>
    )}
    <div
      class={`phone phone-${look.value}${asleep ? " phone-asleep" : ""}${refused ? " phone-refused" : ""}`}
      role="img"
      aria-label="Preview of the lock screen"
    >
      <div class="screen">
        <div class="island" />
        <div class="lock-date">{lockDate(time)}</div>
        <div class="lock-time">{lockTime(time)}</div>
        {children}
        <div class="home-bar" />
      </div>
    </div>
  </div>
)
