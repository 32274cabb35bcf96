/** docs/benchmarks.md, from the figures. */
import type { Results } from "./measurement.ts"
import { remarks, sections } from "./report.ts"
import { deliveryMillis, roundTripMillis } from "./roundTrip.ts"
import { markdownTable } from "./table.ts"

const explanations: Readonly<Record<string, string>> = {
  targets: `What this library set out to reach, and a few for comparison. "sendAll" is how this library sends
many notifications, as node-apn and apns2 are given many here. Each ratio is taken within a round, between runs that were a minute or so
apart, and the median of the rounds is given: ratios hold on other machines better than rates do.`,
  throughput: `\`÷h2load\` and \`÷http2\` are the rate as a multiple of h2load's and of bare \`node:http2\`'s. \`min–max\`
spans the rounds, in thousands per second. CPU is user and system time of the client's process for each notification; MiB
is the most it had resident.`,
  "round-trip": `A server that answers everything ${roundTripMillis} ms after it arrived, about as far as Apple may be, and
is never the limit itself (a small program of this repository: it reads frames, and no more). A connection carries 1000
streams, so 1000 notifications each round trip; \`ceiling/s\` is that, for the connections that the client had at the most. A
window is more than one, two or four connections carry, so that something always waits; how many connections it takes, a
client decides.`,
  latency: `Open loop: notifications are sent when they are due, whether or not earlier ones were answered, and latency
counts from the time they were due, for those that were accepted. Medians of the rounds' percentiles; \`max\` too is the
median of the rounds' maxima.`,
  memory: `One process sends them all. Growth is the resident set's most after the first tenth, less what it was then. V8
doubles its young generation when enough has survived in it: that part of the growth comes once, and not at all
with \`node --max-semi-space-size=16\`, which sends as fast. sendAll and fan-out keep as many under way as they do by
themselves, the others 1000.`,
  delivery: `What [durable delivery](delivery.md) adds: a thousand callers give the notifications to the queue one by one, each
told when its own is stored, and then one worker process takes them out, sends each over HTTP/2 to a server that answers after
${deliveryMillis} ms, and records and acknowledges them. Stores as a queue wants them: SQLite and PostgreSQL sync every commit
to the disk, Redis its file every second. The servers, those of the stores too, share the other core.`,
  sanity: `The simulator checks what APNs checks, and is itself the bottleneck: a check that every client is understood by a
server that is not nginx, not a measure of the clients.`
}

const setup = `## How it is measured

- One command, one machine, loopback, TLS 1.3. Each client is a process of its own; clients take turns, and every round
  runs all of them once. nginx, one worker, answers \`200\` with an empty body, with 1000 concurrent streams on a connection.
- nginx writes every response by itself. Where rates are measured, it has \`tcp_nodelay off\`, so that the kernel puts small
  writes together: with its default, its own system calls are the limit at about 120,000 responses a second, for the
  fastest clients alike. Clients that keep one request on a connection, or hand on a window at a time, would wait for the
  other side's acknowledgement then: node-apn, apns2 and hapns have the default, with which they are faster. Where latency
  is measured, everyone has it.
- Every client sends the same alert, 250 bytes of JSON, with the same header fields to a thousand devices in turn, with
  1000 notifications under way. (apns2 sends no \`apns-id\` and no default priority; hapns adds an expiration of 0.) A warm-up
  before the measured part connects, mints the token and lets the JIT settle; h2load's time to connect is left out.
- A notification counts when its answer has been read to the end. Rates count accepted ones only; failures are given.
- **ours, runPromise**: \`Effect.runPromise(send(n))\` for each, typed payload encoded and checked each time.
  **ours, forEach**: \`Effect.forEach(…, send, { concurrency })\`. **ours, sendAll**: the Stream of the same notifications
  through \`sendAll\`. **ours, fan-out**: the same with a payload encoded once.
- **bare node:http2** and **@effect-apns/http2**: headers by hand, a constant body; no JSON, no token handling.
- **h2load** replays prepared requests, with one \`apns-id\` for all. It is the practical limit.
- **node-apn** handed all notifications at once fails most of them (\`ENHANCE_YOUR_CALM\`: Node's own bound on a session's
  memory), so it gets the window that everyone gets. In **fan-out**, it gets one notification with as many devices as the
  window holds.
- **apns2** has port 443 built in: its undici pool is replaced by one of the same class and options with another origin.
  By those options it opens 32 connections with one request at a time on each. **1 connection**: the pool with
  \`connections: 1, pipelining: 1000\`, which its API does not offer.
- **hapns** opens a connection for each request under way; it gets a window of 50, since more is slower.`

const machineList = ({ machine, startedAt, seconds, quick }: Results): string => {
  const software = Object.entries(machine.software).map(([name, version]) => `${name} ${version}`)
  return [
    `- ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}`,
    `- Node ${machine.node} (OpenSSL ${machine.openssl}); ${software.join(", ")}`,
    ...(machine.busy > 0.05
      ? [
          `- **Other work took ${Math.round(machine.busy * 100)} % of it when the benchmark began: these figures are noise.**`
        ]
      : []),
    `- ${machine.pinned ? "clients pinned to one core, servers to another" : "nothing pinned to a core"}`,
    `- ${startedAt.slice(0, 10)}, ${Math.round(seconds / 60)} minutes${quick ? "; a quick run, good for nothing but a smoke test" : ""}`
  ].join("\n")
}

const command = `\`\`\`sh
pnpm bench          # everything; --quick for a smoke test, --help for the rest
pnpm bench --docs   # and writes this page
\`\`\`

Needs nginx and, for the limit, h2load and GNU time (Debian: \`nginx-light\`, \`nghttp2-client\`, \`time\`); see
[packages/bench](../packages/bench/README.md), which also says how a client in another language takes part.`

export const page = (results: Results, plotFile: string): string => {
  const parts = sections(results.measurements).map(({ id, title, table, rows }) => {
    const notes = remarks(rows).map((text) => `- ${text}`)
    const plot = id === "throughput" ? [`![Notifications per second by client](${plotFile})`] : []
    return [
      `## ${title}`,
      explanations[id] ?? "",
      ...plot,
      table(markdownTable),
      ...(notes.length > 0 ? [notes.join("\n")] : [])
    ]
      .filter((text) => text !== "")
      .join("\n\n")
  })
  return [
    "# Benchmarks",
    "<!-- Written by `pnpm bench --docs`; edit packages/bench/src/page.ts instead. -->",
    `How fast the library sends, next to its peers and to the limit: one program measures them all, and each table is of one run.`,
    ...parts,
    "## The machine",
    machineList(results),
    setup,
    "## Reproduce",
    command,
    ""
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n")
}
