/** The simulator's live events. */
import type { LiveEvent } from "@effect-apns/simulator/ControlModel"

export type LinkState = "connecting" | "live" | "lost"

export interface EventHandlers {
  readonly onEvent: (event: LiveEvent) => void
  readonly onState: (state: LinkState) => void
}

/** Listens until the returned function is called. */
export type Link = (handlers: EventHandlers) => () => void

/** The browser opens a lost stream again by itself, and says where it left off; a refused one it gives up. */
const retryMillis = 2_000

export const listenTo =
  (base: string): Link =>
  ({ onEvent, onState }) => {
    let source: EventSource
    let retry: ReturnType<typeof setTimeout> | undefined
    const open = () => {
      source = new EventSource(`${base}/api/events`)
      source.addEventListener("open", () => onState("live"))
      source.addEventListener("error", () => {
        onState("lost")
        if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, retryMillis)
      })
      source.addEventListener("message", ({ data }: MessageEvent<string>) => {
        // The simulator encodes its events with the schema this type comes from.
        onEvent(JSON.parse(data) as LiveEvent)
      })
    }
    onState("connecting")
    open()
    return () => {
      clearTimeout(retry)
      source.close()
    }
  }
