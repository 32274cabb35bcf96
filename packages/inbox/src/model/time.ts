/** Times as people read them. */

const pad = (value: number): string => String(value).padStart(2, "0")

/** `22:41:07` of the reader's own time zone. */
export const clockTime = (millis: number): string => {
  const date = new Date(millis)
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`
}

/** `9:41`, as a lock screen shows it. */
export const lockTime = (millis: number): string => {
  const date = new Date(millis)
  return `${date.getHours()}:${pad(date.getMinutes())}`
}

export const lockDate = (millis: number): string =>
  new Date(millis).toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" })

/** `23 Nov, 22:41:07`, with the year when it is another one. */
export const dateTime = (millis: number): string => {
  const date = new Date(millis)
  const year = date.getFullYear() === new Date().getFullYear() ? {} : ({ year: "numeric" } as const)
  return `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...year })}, ${clockTime(millis)}`
}

const units: ReadonlyArray<readonly [millis: number, name: string]> = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"]
]

/** `2 h 5 min`, `14 s`, `0 s`: the two largest units. */
export const duration = (millis: number): string => {
  let rest = Math.abs(millis)
  const parts: Array<string> = []
  for (const [size, name] of units) {
    const amount = Math.floor(rest / size)
    rest -= amount * size
    if (amount > 0) parts.push(`${amount} ${name}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return `${millis < 0 ? "−" : ""}${parts.join(" ") || "0 s"}`
}
