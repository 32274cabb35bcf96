/** What a program shows to those who watch it: metrics, spans and log lines of its own, and none of another test's. */
import { inspect } from "node:util"
import { Cause, Context, Exit, Layer, Logger, Metric, References, Tracer } from "effect"

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly annotations: Readonly<Record<string, unknown>>
  readonly cause: string
  /** The message as a program sees it that prints everything. */
  readonly shown: string
}

/** What the test's clock says where a second of the machine's passes: on a busy machine, it may do so in any test. */
const ofTestClock = /^A (?:test is using time|fiber woken by)/

/** Hears what is logged, but for what only tests log. */
export const loggerOf = (hear: (options: Logger.Options<unknown>) => void): Logger.Logger<unknown, void> =>
  Logger.make((options) => {
    if (!ofTestClock.test([options.message].flat().map(String).join(" "))) hear(options)
  })

export const observed = () => {
  const registry: Metric.MetricRegistry = new Map()
  const spans: Array<Tracer.NativeSpan> = []
  const lines: Array<LogLine> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const logger = loggerOf(({ cause, fiber, logLevel, message }) => {
    lines.push({
      level: logLevel,
      message: [message].flat().map(String).join(" "),
      annotations: { ...fiber.getRef(References.CurrentLogAnnotations) },
      cause: Cause.pretty(cause),
      shown: inspect([message, cause], { depth: null, showHidden: true })
    })
  })
  const untraced = Layer.mergeAll(
    Layer.succeed(Metric.MetricRegistry)(registry),
    Layer.succeed(References.MinimumLogLevel)("All"),
    Logger.layer([logger])
  )
  const layer = Layer.merge(untraced, Layer.succeed(Tracer.Tracer)(tracer))
  const snapshotOf = (metrics: Metric.MetricRegistry) =>
    Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, metrics))
  const snapshot = () => snapshotOf(registry)

  /** The series of a metric, without the labels that are always the same: `label=value, label=value` to its number. */
  const values = (metric: { readonly id: string }, ...hidden: ReadonlyArray<string>): Record<string, number> =>
    Object.fromEntries(
      // Of this metric alone: some tests look at gauges at every turn of the event loop.
      snapshotOf(new Map([...registry].filter(([, { id }]) => id === metric.id))).map(({ attributes, state }) => {
        const labels = Object.entries(attributes ?? {}).filter(([name]) => !hidden.includes(name) && name !== "unit")
        const value = "value" in state ? state.value : "count" in state ? state.count : Number.NaN
        return [labels.map((label) => label.join("=")).join(", "), Number(value)]
      })
    )

  return { layer, untraced, lines, spans, snapshot, values }
}

/** The attributes of a span, and how it ended. */
export const spanOf = (span: Tracer.NativeSpan | undefined) => ({
  name: span?.name,
  kind: span?.kind,
  ended: span?.status._tag === "Ended" ? (Exit.isSuccess(span.status.exit) ? "well" : "ill") : "not",
  attributes: Object.fromEntries(span?.attributes ?? [])
})
