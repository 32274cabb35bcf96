/** The trace of a producer, as it travels through a queue: `traceparent` of W3C Trace Context. */
import type * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"

/** Links of a span beyond this many tell nobody anything. */
const mostLinks = 32

/** The span that a fiber is in, if any. */
export const traceOf = ({ cache: { span } }: Fiber.Fiber<unknown, unknown>): string | undefined =>
  span === undefined ? undefined : `00-${span.traceId}-${span.spanId}-${span.sampled ? "01" : "00"}`

/** The traces of a chunk: each once, and not too many. */
export const tracesOf = (traces: Iterable<string | undefined>): ReadonlyArray<string> => {
  const distinct = new Set<string>()
  for (const trace of traces) {
    if (trace !== undefined) distinct.add(trace)
    if (distinct.size === mostLinks) break
  }
  return distinct.size === 0 ? [] : [...distinct]
}

const form = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

const spanOf = (trace: string): Tracer.ExternalSpan | undefined => {
  const [, traceId, spanId, flags] = form.exec(trace) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return Tracer.externalSpan({ traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 })
}

/**
 * Whose work a chunk is: with one producer, its span is continued; with several, the chunk's span is linked with each
 * (OpenTelemetry, "Semantic conventions for messaging spans").
 */
export const originOf = (traces: ReadonlyArray<string>): Pick<Tracer.SpanOptions, "parent" | "links" | "root"> => {
  const spans = traces.map(spanOf).filter((span) => span !== undefined)
  const [only] = spans
  if (only !== undefined && spans.length === 1) return { parent: only }
  return { root: true, links: spans.map((span) => ({ span, attributes: {} })) }
}
