/** What a header's value means, in words. */
import { dateTime, duration } from "./time.ts"

const priorities: Readonly<Record<string, string>> = {
  "10": "at once",
  "5": "when power allows",
  "1": "power first, never wakes the device"
}

const expiration = (value: string, now: number): string | undefined => {
  if (!/^\d+$/.test(value)) return undefined
  if (value === "0") return "one attempt, not stored"
  const millis = Number(value) * 1_000
  const left = millis - now
  return `${dateTime(millis)}, ${left < 0 ? `${duration(-left)} before it arrived` : `${duration(left)} after it arrived`}`
}

/** `now` is when the request arrived. */
export const meaning = (name: string, value: string, now: number): string | undefined => {
  switch (name) {
    case "apns-priority":
      return Object.hasOwn(priorities, value) ? priorities[value] : undefined
    case "apns-expiration":
      return expiration(value, now)
    default:
      return undefined
  }
}
