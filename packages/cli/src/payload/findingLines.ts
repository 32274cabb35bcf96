/** A finding about a payload as lines for a terminal. */
import type { Style } from "../Style.ts"
import { wrapped } from "../table.ts"
import { type Finding, sentence } from "./findings.ts"

/** A finding with what to do about it, and who says so. */
export const findingLines = (finding: Finding, { bad, faint, warn }: Style): ReadonlyArray<string> => {
  const mark = finding.severity === "error" ? bad("✗") : warn("!")
  const page = finding.source
  const rule = page === undefined ? "" : ` ${page.startsWith("Apple") ? page : `Apple, “${page}”`}.`
  return [`${mark} ${wrapped(`${sentence(finding)}.`, 2)}`, `  ${faint(wrapped(`${finding.cure}${rule}`, 2))}`]
}
