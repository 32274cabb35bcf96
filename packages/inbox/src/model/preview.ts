/** What a device shows of a push, beside its texts. */
import type { ReceivedDetail } from "@effect-apns/simulator/ControlModel"
import type { AlertView } from "./alert.ts"

export type Surface = "banner" | "liveActivity" | "unseen"

export const surfaceOf = ({ preview }: ReceivedDetail): Surface => preview?.surface ?? "unseen"

/** How the device interrupts its user (Apple, "UNNotificationInterruptionLevel"). */
export const interruptions = {
  passive: { label: "Passive", text: "Goes to Notification Centre. The screen stays dark, nothing sounds." },
  active: { label: "Active", text: "Lights up the screen and may sound. Waits while a Focus is on." },
  "time-sensitive": {
    label: "Time Sensitive",
    text: "Lights up the screen, may sound, and breaks through a Focus. The app needs the capability."
  },
  critical: {
    label: "Critical",
    text: "Sounds even when the device is muted. Needs an entitlement of Apple's and the user's permission."
  }
} as const satisfies Readonly<Record<AlertView["level"], { readonly label: string; readonly text: string }>>

/** What the sender should know of what is seen; one line each. */
export const remarks = (alert: AlertView): ReadonlyArray<readonly [term: string, text: string]> => {
  const lines: Array<readonly [string, string]> = [[interruptions[alert.level].label, interruptions[alert.level].text]]
  const { sound } = alert
  if (sound === undefined) lines.push(["Silent", "No sound is named, so none is played."])
  else if (alert.level !== "passive") {
    const volume = sound.volume === undefined ? "" : ` at ${Math.round(sound.volume * 100)} % volume`
    lines.push(["Sound", `${sound.name}${sound.critical ? volume : ""}`])
  }
  if (alert.mutable) {
    lines.push(["Mutable", "The app's extension may change the texts and attach an image before it is shown."])
  }
  if (alert.thread !== undefined) lines.push(["Group", alert.thread])
  if (alert.category !== undefined) lines.push(["Category", `${alert.category}: its actions appear on a long press.`])
  if (alert.contentAvailable) lines.push(["Content", "The app is woken as well, as by a background push."])
  if ([alert.title, alert.subtitle, alert.body].some((phrase) => phrase?._tag === "key")) {
    lines.push(["Localised", "Only the app knows the texts of its keys; here the keys and their arguments are shown."])
  }
  return lines
}
