import type { ReceivedDetail } from "@effect-apns/simulator/ControlModel"
import { useState } from "preact/hooks"
import type { Json } from "../model/json.ts"
import { JsonTree } from "./JsonTree.tsx"
import { CopyButton } from "./parts.tsx"

const bytes = (count: number): string => count.toLocaleString("en-GB")

const Size = ({ used, limit }: { readonly used: number; readonly limit: number }) => {
  const share = used / limit
  const level = share > 1 ? "over" : share > 0.9 ? "near" : "fine"
  const text = share > 1 ? `${bytes(used - limit)} too many` : `${bytes(limit - used)} left`
  return (
    <div class={`size size-${level}`}>
      <meter
        class="visually-hidden"
        aria-label="Size against the limit"
        min={0}
        max={limit}
        value={Math.min(used, limit)}
      >
        {used} of {limit} bytes
      </meter>
      <div class="size-bar" aria-hidden="true">
        <div class="size-fill" style={{ width: `${Math.min(100, Math.max(share * 100, 0.5))}%` }} />
      </div>
      <span class="size-text">
        <b>{bytes(used)}</b> of {bytes(limit)} bytes <span class="muted">· {text}</span>
      </span>
    </div>
  )
}

export const Payload = ({
  detail,
  payload
}: {
  readonly detail: ReceivedDetail
  readonly payload: Json | undefined
}) => {
  const [raw, setRaw] = useState(false)
  const { body, bodyBytes, maxBytes, truncated } = detail
  const asText = raw || payload === undefined
  return (
    <section class="card" aria-labelledby="payload-title">
      <header class="card-head">
        <h3 id="payload-title">Payload</h3>
        <div class="card-actions">
          {payload === undefined ? null : (
            <fieldset class="segments">
              <legend class="visually-hidden">Shown as</legend>
              <button type="button" aria-pressed={!raw} onClick={() => setRaw(false)}>
                Tree
              </button>
              <button type="button" aria-pressed={raw} onClick={() => setRaw(true)}>
                As sent
              </button>
            </fieldset>
          )}
          <CopyButton text={() => body} what="payload" />
        </div>
      </header>
      {maxBytes === undefined ? null : <Size used={bodyBytes} limit={maxBytes} />}
      {bodyBytes === 0 ? (
        <p class="muted">The body is empty.</p>
      ) : asText ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
        <pre class="raw" tabIndex={0}>
          <bdi>{body}</bdi>
        </pre>
      ) : (
        <JsonTree value={payload} />
      )}
      {payload === undefined && bodyBytes > 0 ? (
        <p class="muted">This is no JSON{truncated ? ", as it was cut" : ""}.</p>
      ) : null}
      {truncated ? <p class="muted">Only the first part is kept.</p> : null}
    </section>
  )
}
