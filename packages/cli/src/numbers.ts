/** Numbers and times as they are shown. Pure. */

export const group = (number: number): string => Math.round(number).toLocaleString("en-GB")

export const count = (number: number, what: string): string => `${group(number)} ${what}${number === 1 ? "" : "s"}`

/** As `0:07`, `12:30` or `3:00:00`. */
export const clock = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds))
  const two = (part: number) => String(part).padStart(2, "0")
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`
}
