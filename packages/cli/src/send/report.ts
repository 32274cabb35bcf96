/** What became of a notification, for people and for programs. Pure. */
import type { SendResult } from "effect-apns"
import { errorFields } from "../errorFields.ts"
import type { Style } from "../Style.ts"
import { wrapped } from "../table.ts"

/** As in the errors of the library: enough to recognise a token, too little to use it. */
export const shortDevice = (device: string): string => {
  const text = device.replaceAll(/[^ -~]/g, "?")
  return text.length <= 12 ? `${text.slice(0, 4)}…` : `${text.slice(0, 4)}…${text.slice(-4)}`
}

type Accepted = Extract<SendResult, { readonly outcome: "accepted" }>
type Failed = Exclude<SendResult, Accepted>

const millis = (value: number) => `${Math.round(value).toLocaleString("en-GB")} ms`

const times = (count: number) => `${count} ${count === 1 ? "attempt" : "attempts"}`

export const acceptedText = ({ notification, receipt }: Accepted, { faint, good, strong }: Style): string => {
  const { apnsId, attempts, connection, timings, uniqueId } = receipt
  const { connectMillis = 0, totalMillis } = timings
  const connecting = connectMillis < 1 ? "" : `, ${millis(connectMillis)} of it to connect`
  const rows = [
    ["apns-id", apnsId],
    ...(uniqueId === undefined ? [] : [["unique id", uniqueId]]),
    ["time", `${millis(totalMillis)}${connecting}`],
    ["attempts", `${attempts}, on ${connection}`]
  ] as const
  return [
    `${good("✓")} ${strong(shortDevice(notification.device))} accepted`,
    ...rows.map(([label = "", value]) => `  ${faint(label.padEnd(10))}${value}`)
  ].join("\n")
}

/** One line, for one of several devices. */
export const acceptedLine = ({ notification, receipt }: Accepted, { faint, good }: Style): string => {
  const { apnsId, attempts, timings } = receipt
  const retried = attempts === 1 ? "" : `  ${times(attempts)}`
  return `${good("✓")} ${shortDevice(notification.device)}  ${apnsId}  ${faint(`${millis(timings.totalMillis)}${retried}`)}`
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`

const outcomes: Record<Failed["outcome"], string> = {
  refused: "refused",
  unsent: "not sent",
  unknown: "may have arrived"
}

export const failedText = ({ error, notification, outcome }: Failed, { bad, faint, strong, warn }: Style): string => {
  const { attempts = 0, cure, reason } = error
  const mark = outcome === "unknown" ? warn("?") : bad("✗")
  return [
    `${mark} ${strong(shortDevice(notification.device))} ${outcomes[outcome]}: ${strong(reason._tag)}`,
    `  ${wrapped(sentence(reason.detail), 2)}`,
    `  ${wrapped(sentence(cure), 2)}`,
    ...(attempts > 0 ? [`  ${faint(`apns-id ${notification.id}, ${times(attempts)}`)}`] : [])
  ].join("\n")
}

/** Its device token is shortened: results come in the order of the devices. */
export const asJson = (result: SendResult) => {
  const { notification } = result
  const device = shortDevice(notification.device)
  if (result.outcome === "accepted") return { outcome: result.outcome, device, ...result.receipt }
  const { reason, timings } = result.error
  const { outcome, ...fields } = errorFields(result.error)
  return {
    outcome,
    device,
    apnsId: notification.id,
    ...fields,
    ...("status" in reason ? { status: reason.status } : {}),
    ...("timestamp" in reason && reason.timestamp !== undefined
      ? { since: new Date(reason.timestamp.epochMilliseconds).toISOString() }
      : {}),
    ...(timings === undefined ? {} : { timings })
  }
}

/** How many ended how. */
export const summary = (results: ReadonlyArray<SendResult>): string => {
  const counts = new Map<string, number>()
  for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  return [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", ")
}
