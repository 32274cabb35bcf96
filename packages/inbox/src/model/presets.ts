/** Scenarios to begin with: the troubles that clients of APNs meet most. */
import type { ScenarioInput } from "@effect-apns/simulator/ControlModel"

export interface Preset {
  readonly id: string
  readonly scenario: ScenarioInput & { readonly name: string }
}

const preset = (id: string, name: string, description: string, rest: ScenarioInput): Preset => ({
  id,
  scenario: { ...rest, name, description }
})

export const presets: ReadonlyArray<Preset> = [
  preset("unavailable", "Out of service", "Every push is answered 503.", {
    effect: { _tag: "reject", reason: "ServiceUnavailable" }
  }),
  preset("gone", "Devices are gone", "One push in five is answered 410: its device no longer has the app.", {
    probability: 0.2,
    effect: { _tag: "reject", reason: "Unregistered" }
  }),
  preset("too-many", "Too many requests", "One push in ten is refused for the rate, with a time to wait.", {
    probability: 0.1,
    effect: { _tag: "reject", reason: "TooManyRequests", retryAfter: 2 }
  }),
  preset("stale-token", "The provider token is stale", "The next push must be signed anew.", {
    times: 1,
    effect: { _tag: "reject", reason: "ExpiredProviderToken" }
  }),
  preset("slow", "A slow day", "Half of the answers take 40 ms, one in twenty over 300 ms, a few four seconds.", {
    effect: {
      _tag: "delay",
      millis: {
        _tag: "percentiles",
        values: [
          [50, 40],
          [95, 300],
          [99.9, 4_000]
        ]
      }
    }
  }),
  preset("silence", "No answer", "One push in twenty is never answered. Does the client have a deadline?", {
    probability: 0.05,
    effect: { _tag: "silence" }
  }),
  preset("shutdown", "Graceful GOAWAY", "Each hundredth push makes the server end its connection in the polite way.", {
    skip: 99,
    every: 100,
    effect: { _tag: "shutdown", millis: 100 }
  }),
  preset("go-away", "GOAWAY before the push", "The connection ends below the push: it is safe to send it again.", {
    every: 50,
    effect: { _tag: "goAway", lastStreamId: "before", debugData: '{"reason":"Shutdown"}' }
  }),
  preset("cut", "The socket is cut", "One push in fifty loses its connection without a word.", {
    probability: 0.02,
    effect: { _tag: "disconnect" }
  }),
  preset("proxy", "A proxy in between", "An HTML page instead of JSON, as a captive portal answers.", {
    effect: {
      _tag: "respond",
      status: 502,
      contentType: "text/html",
      body: "<html><h1>Bad Gateway</h1></html>"
    }
  }),
  preset("one-stream", "One stream only", "The server lowers its limit of streams to 1.", {
    times: 1,
    effect: { _tag: "settings", maxConcurrentStreams: 1 }
  })
]

/** What an effect does, in a few words. */
export const effectText = ({ effect }: Pick<ScenarioInput, "effect">): string => {
  switch (effect._tag) {
    case "reject":
      return `answers ${effect.status === undefined ? "" : `${effect.status} `}${effect.reason}`
    case "respond":
      return `answers ${effect.status}${effect.contentType === undefined ? "" : ` with ${effect.contentType}`}`
    case "delay":
      return typeof effect.millis === "number" ? `answers ${effect.millis} ms late` : "answers late"
    case "silence":
      return "never answers"
    case "reset":
      return `resets the stream with code ${effect.code}`
    case "goAway":
      return `says GOAWAY${effect.abrupt === true ? " and closes" : ""}`
    case "shutdown":
      return "shuts the connection down gracefully"
    case "disconnect":
      return "cuts the socket"
    case "settings":
      return effect.maxConcurrentStreams === undefined
        ? "sends other settings"
        : `allows ${effect.maxConcurrentStreams} streams`
    case "bandwidth":
      return `slows the connection to ${effect.bytesPerSecond} bytes a second`
  }
}

/** To which requests, in a few words. */
export const conditionText = ({ match, skip, every, times, probability }: ScenarioInput): string => {
  const named = Object.entries(match ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value}`]
  )
  return [
    named.length === 0 ? "every request" : named.join(", "),
    ...(skip === undefined || skip === 0 ? [] : [`after ${skip}`]),
    ...(every === undefined || every === 1 ? [] : [`one of each ${every}`]),
    ...(probability === undefined || probability === 1 ? [] : [`${Math.round(probability * 1_000) / 10} % of them`]),
    ...(times === undefined ? [] : [times === 1 ? "once" : `${times} times`])
  ].join(" · ")
}

/** An id for a name: `A slow day` is `a-slow-day`. */
export const idOf = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 64) || "scenario"
