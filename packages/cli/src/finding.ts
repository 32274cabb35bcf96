/** One thing that was looked at, as a line with its mark, and what to do about it below. */
import type { Style } from "./Style.ts"
import { wrapped } from "./table.ts"

const marks = { good: "✓", bad: "✗", warn: "!" } as const

export const finding = (kind: keyof typeof marks, detail: string, cure: string | undefined, look: Style): string => {
  const line = `${look[kind](marks[kind])} ${wrapped(detail, 2)}`
  return cure === undefined ? line : `${line}\n  ${wrapped(cure, 2)}`
}
