/** The flags of a Live Activity's content, which pushes and broadcasts share. */
import * as Flag from "effect/cli/Flag"

const text = (name: string, description: string, metavar: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.withMetavar(metavar))

const json = (name: string, description: string) =>
  text(name, `${description}: JSON, a file, or - for standard input`, "json|file|-")

const instant = (name: string, description: string) => text(name, description, "instant").pipe(Flag.optional)

const number = (name: string, description: string) =>
  Flag.Finite(name).pipe(Flag.withDescription(description), Flag.optional)

/** Of every event. */
export const contentFlags = {
  alertTitle: text("alert-title", "Lights up the screen with this title", "text").pipe(Flag.optional),
  alertBody: text("alert-body", "and this text", "text").pipe(Flag.optional),
  alertSound: text("alert-sound", 'A sound file of the app, or "default"', "name").pipe(Flag.optional),
  staleDate: instant("stale-date", 'From when on it counts as outdated: "+15 minutes", or ISO 8601 with its zone'),
  timestamp: instant("timestamp", "When the content was made (now); phones ignore what is older than what they have"),
  data: json("data", "Custom data beside aps").pipe(Flag.optional)
}

const relevanceScore = number("relevance-score", "The higher, the more prominent among the app's activities")

const contentState = json("content-state", "The app's ContentState")

/** Of a start. */
export const startFlags = {
  attributesType: text("attributes-type", "Name of the app's ActivityAttributes type", "name"),
  attributes: json("attributes", "Its attributes"),
  contentState,
  inputPushToken: Flag.Boolean("input-push-token").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Have the app send you a token to update this activity with (iOS 18)")
  ),
  inputPushChannel: text("input-push-channel", "Or: the channel whose broadcasts update it (iOS 18)", "channel").pipe(
    Flag.optional
  ),
  relevanceScore
}

/** Of an update. */
export const updateFlags = { contentState, relevanceScore }

/** Of an end. */
export const endFlags = {
  contentState: json("content-state", "What stays on the lock screen").pipe(Flag.optional),
  dismissalDate: instant(
    "dismissal-date",
    'When it leaves the lock screen: "now", "+5 minutes" or ISO 8601; within four hours'
  )
}

/** How it is told. */
export const tellingFlags = {
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Print the request and send nothing")
  ),
  json: Flag.Boolean("json").pipe(Flag.withDefault(false), Flag.withDescription("Print JSON"))
}

/** The id of the request. */
export const id = Flag.String("id").pipe(Flag.withDescription("A UUID for the request (a new one)"), Flag.optional)

export const expirationText = '"once", a span such as "1 hour", or ISO 8601'
