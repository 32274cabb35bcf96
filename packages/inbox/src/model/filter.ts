/** Which pushes the list shows. */
import type { Outcome } from "@effect-apns/simulator/ControlModel"
import type { Push } from "./push.ts"

export interface Filter {
  /** Words that must all occur. */
  readonly text: string
  readonly app: string | undefined
  readonly device: string | undefined
  readonly type: string | undefined
  readonly outcome: Outcome | undefined
}

export const noFilter: Filter = { text: "", app: undefined, device: undefined, type: undefined, outcome: undefined }

export const isFiltered = ({ text, app, device, type, outcome }: Filter): boolean =>
  text.trim() !== "" || [app, device, type, outcome].some((value) => value !== undefined)

/**
 * The test of a filter. `found` holds the ids of pushes in whose headers or payload the simulator found the text; the page
 * knows only their summaries.
 */
export const matcher = (
  { text, app, device, type, outcome }: Filter,
  found: ReadonlySet<number>
): ((push: Push) => boolean) => {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "")
  return (push) =>
    (app === undefined || push.app === app) &&
    (type === undefined || push.type === type) &&
    (outcome === undefined || push.summary.outcome === outcome) &&
    (device === undefined || push.summary.device?.toLowerCase() === device.toLowerCase()) &&
    (words.every((word) => push.haystack.includes(word)) || found.has(push.id))
}
