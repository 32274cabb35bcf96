/** One received request as the list shows it. */
import type { Outcome, ReceivedSummary } from "@effect-apns/simulator/ControlModel"
import { bundleIdOf, factsOf, typeOfTopic } from "./pushType.ts"

const typeOf = ({ kind, pushType, topic }: ReceivedSummary): string => {
  switch (kind) {
    case "broadcast":
      return "broadcast"
    case "management":
      return "channels"
    case "other":
      return "other"
    case "device":
      return pushType ?? typeOfTopic(topic ?? "") ?? "alert"
  }
}

const managementVerbs = new Map([
  ["POST", "Create a channel"],
  ["GET", "Read a channel"],
  ["DELETE", "Delete a channel"]
])

const fallbackTitle = ({ kind, method, path }: ReceivedSummary, type: string): string => {
  if (kind === "management") {
    return path.endsWith("/all-channels") ? "List the channels" : (managementVerbs.get(method) ?? `${method} channels`)
  }
  const { label, does } = factsOf(type)
  return does ?? (type === "alert" ? "Alert without text" : label)
}

const linesOf = (summary: ReceivedSummary, type: string): readonly [title: string, text: string] => {
  const { channel, event, kind, path, text, title } = summary
  if (kind === "management") return [fallbackTitle(summary, type), channel ?? path]
  if (type === "liveactivity" || type === "broadcast") {
    return [`${factsOf(type).label} ${event ?? "without an event"}`, [title, text].filter(Boolean).join(" · ")]
  }
  return title === undefined ? [text ?? fallbackTitle(summary, type), ""] : [title, text ?? ""]
}

/** A request with what is derived from it. The text to search is put together when it is first searched. */
export class Push {
  readonly summary: ReceivedSummary
  readonly type: string
  /** The bundle ID, or an empty string when the request names no app. */
  readonly app: string
  readonly title: string
  readonly text: string
  #haystack: string | undefined

  constructor(summary: ReceivedSummary) {
    this.summary = summary
    this.type = typeOf(summary)
    this.app = summary.app ?? bundleIdOf(summary.topic ?? "")
    const [title, text] = linesOf(summary, this.type)
    this.title = title
    this.text = text
  }

  get id(): number {
    return this.summary.id
  }

  /** Whether it is a Live Activity's, sent to a device or to a channel. */
  get isActivity(): boolean {
    return this.type === "liveactivity" || this.type === "broadcast"
  }

  /** What the search looks at before the simulator is asked for the rest, in lower case. */
  get haystack(): string {
    const { device, topic, channel, path, apnsId, status, reason, collapseId } = this.summary
    this.#haystack ??= [
      ...[this.title, this.text, this.app, this.type, device, topic, channel, path, apnsId, status, reason],
      collapseId
    ]
      .join("\n")
      .toLowerCase()
    return this.#haystack
  }
}

const outcomeNames: Readonly<Record<Outcome, string>> = {
  accepted: "Accepted",
  refused: "Refused",
  faulted: "Faulted",
  pending: "Pending",
  lost: "Lost"
}

export const outcomes: ReadonlyArray<Outcome> = ["accepted", "refused", "faulted", "lost", "pending"]

export const outcomeName = (outcome: Outcome): string => outcomeNames[outcome]

/** The answer in a few words: `200`, `410 Unregistered`, `no answer`. */
export const answerText = ({ status, reason, outcome }: ReceivedSummary): string => {
  if (status !== undefined) return reason === undefined ? String(status) : `${status} ${reason}`
  return outcome === "pending" ? "pending" : outcome === "lost" ? "client left" : "no answer"
}

/** A device token or another long id, short enough for a line. */
export const shorten = (id: string): string => (id.length > 16 ? `${id.slice(0, 6)}…${id.slice(-4)}` : id)

/** What a person would call an app of which only the bundle ID is known: `com.example.shop` is `Shop`. */
export const appName = (bundleId: string): string => {
  const last = bundleId.split(".").findLast((part) => part !== "") ?? ""
  return last === "" ? "No app" : last.charAt(0).toUpperCase() + last.slice(1)
}

/** A hue that is the same for an app each time. */
export const hueOf = (text: string): number => {
  let hash = 7
  for (const character of text) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 3_600
  return (hash * 47) % 360
}
