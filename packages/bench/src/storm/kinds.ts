/**
 * The kinds of faults: what each does, and how often it comes. Those of the server are faults of the simulator; those of
 * the network happen in the relay before it, to bytes that it cannot read; those of the machine, to the client's clock
 * or its process.
 */
import type { Fault } from "@effect-apns/simulator"
import type { NetworkFault } from "./relay.ts"

export type Planned =
  | { readonly _tag: "server"; readonly fault: Fault }
  | { readonly _tag: "network"; readonly fault: NetworkFault }
  | { readonly _tag: "clock"; readonly aheadMillis: number }
  | { readonly _tag: "freeze"; readonly millis: number }

/** A whole number from `least` to `most`. */
export type Whole = (least: number, most: number) => number

export interface Kind {
  readonly group: "goaway" | "reset" | "answer" | "limit" | "network" | "machine"
  /** Its share: of the faults beyond the first of each kind, in proportion. */
  readonly weight: number
  readonly make: (whole: Whole) => Planned
}

const server = (effect: Fault["effect"], rest: Omit<Fault, "effect"> = {}): Planned => ({
  _tag: "server",
  fault: { ...rest, effect }
})

const network = (fault: NetworkFault): Planned => ({ _tag: "network", fault })

/**
 * Far more than any time of the storm. From one end to the other it is less than the 20 minutes after which a provider
 * token may be renewed: one that is minted by a clock so wrong is refused, and all that are sent with it.
 */
const wrongMillis = 540_000

const html = "<html><body><h1>502 Bad Gateway</h1></body></html>"

/** RFC 9113, section 7. */
const errorCodes = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED"
] as const

const resets = errorCodes.map((name, code): readonly [string, Kind] => [
  `RST_STREAM ${name}`,
  { group: "reset", weight: 2, make: () => server({ _tag: "reset", code }) }
])

const run = (reason: string): Kind => ({
  group: "answer",
  weight: 8,
  make: (whole) => server({ _tag: "reject", reason }, { times: whole(1, 20) })
})

/** By name, in the order of the report. */
export const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  [
    "GOAWAY announced",
    { group: "goaway", weight: 3, make: (whole) => server({ _tag: "shutdown", millis: whole(5, 60) }) }
  ],
  ["GOAWAY at this stream", { group: "goaway", weight: 2, make: () => server({ _tag: "goAway" }) }],
  [
    "GOAWAY before this stream",
    { group: "goaway", weight: 2, make: () => server({ _tag: "goAway", lastStreamId: "before" }) }
  ],
  [
    "GOAWAY with an error",
    {
      group: "goaway",
      weight: 2,
      make: (whole) =>
        server({ _tag: "goAway", code: whole(1, 13), lastStreamId: "before", debugData: "internal failure" })
    }
  ],
  [
    "GOAWAY without answer",
    { group: "goaway", weight: 1, make: (whole) => server({ _tag: "goAway", code: whole(0, 2), answer: false }) }
  ],
  [
    "GOAWAY ENHANCE_YOUR_CALM",
    { group: "goaway", weight: 1, make: () => server({ _tag: "goAway", code: 0xb, lastStreamId: "before" }) }
  ],
  ...resets,
  [
    "ENHANCE_YOUR_CALM run",
    { group: "limit", weight: 1, make: (whole) => server({ _tag: "reset", code: 0xb }, { times: whole(2, 6) }) }
  ],
  ["429 run", run("TooManyRequests")],
  ["500 run", run("InternalServerError")],
  ["503 run", run("ServiceUnavailable")],
  [
    "403 ExpiredProviderToken",
    { group: "answer", weight: 3, make: () => server({ _tag: "reject", reason: "ExpiredProviderToken" }) }
  ],
  [
    "502 with HTML",
    {
      group: "answer",
      weight: 4,
      make: () => server({ _tag: "respond", status: 502, contentType: "text/html", body: html })
    }
  ],
  [
    "late answers",
    {
      group: "answer",
      weight: 4,
      make: (whole) => server({ _tag: "delay", millis: whole(20, 300) }, { times: whole(1, 30) })
    }
  ],
  ["silent stream", { group: "answer", weight: 1, make: () => server({ _tag: "silence" }) }],
  [
    "SETTINGS to 1 and back",
    {
      group: "limit",
      weight: 2,
      make: (whole) => server({ _tag: "settings", maxConcurrentStreams: 1, forMillis: whole(20, 150) })
    }
  ],
  [
    "SETTINGS to 0 and back",
    {
      group: "limit",
      weight: 2,
      make: (whole) => server({ _tag: "settings", maxConcurrentStreams: 0, forMillis: whole(20, 150) })
    }
  ],
  // So small a window that the server has to widen it for each frame of a body (RFC 9113, 6.9), as long as the connection lasts.
  [
    "update for each frame",
    {
      group: "limit",
      weight: 2,
      make: (whole) => server({ _tag: "settings", initialWindowSize: whole(8, 64) })
    }
  ],
  ["connection destroyed", { group: "network", weight: 2, make: () => server({ _tag: "disconnect" }) }],
  [
    "one answer a connection",
    { group: "network", weight: 1, make: (whole) => server({ _tag: "disconnect" }, { every: 2, times: whole(2, 5) }) }
  ],
  [
    "reset mid-request",
    {
      group: "network",
      weight: 1,
      make: (whole) => network({ _tag: "cut", of: "requests", afterBytes: whole(1, 4_000), by: "reset" })
    }
  ],
  [
    "reset mid-answer",
    {
      group: "network",
      weight: 1,
      make: (whole) => network({ _tag: "cut", of: "answers", afterBytes: whole(1, 2_000), by: "reset" })
    }
  ],
  [
    "closed mid-answer",
    {
      group: "network",
      weight: 2,
      make: (whole) => network({ _tag: "cut", of: "answers", afterBytes: whole(1, 2_000), by: "end" })
    }
  ],
  ["half-close", { group: "network", weight: 2, make: () => network({ _tag: "halfClose" }) }],
  ["silent connection", { group: "network", weight: 0.5, make: () => network({ _tag: "silence", of: "both" }) }],
  ["silent answers", { group: "network", weight: 0.5, make: () => network({ _tag: "silence", of: "answers" }) }],
  ["slow reader", { group: "network", weight: 2, make: (whole) => network({ _tag: "pause", millis: whole(20, 250) }) }],
  [
    "narrow line",
    {
      group: "network",
      weight: 1,
      make: (whole) => network({ _tag: "narrow", bytesPerMilli: 20, millis: whole(50, 250) })
    }
  ],
  [
    "refused connects",
    { group: "network", weight: 1, make: (whole) => network({ _tag: "refuse", millis: whole(20, 200) }) }
  ],
  // Longer than the client tries.
  [
    "outage",
    { group: "network", weight: 0.2, make: (whole) => network({ _tag: "refuse", millis: whole(2_500, 3_500) }) }
  ],
  [
    "clock set back",
    { group: "machine", weight: 1, make: (whole) => ({ _tag: "clock", aheadMillis: -whole(1, wrongMillis) }) }
  ],
  [
    "clock set forward",
    { group: "machine", weight: 1, make: (whole) => ({ _tag: "clock", aheadMillis: whole(1, wrongMillis) }) }
  ],
  // Up to longer than all of the client's times but its deadline.
  [
    "freeze and thaw",
    { group: "machine", weight: 0.5, make: (whole) => ({ _tag: "freeze", millis: whole(200, 3_000) }) }
  ]
])
