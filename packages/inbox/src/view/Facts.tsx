import type { ReceivedDetail } from "@effect-apns/simulator/ControlModel"
import type { ComponentChildren } from "preact"
import { noFilter } from "../model/filter.ts"
import { duration } from "../model/time.ts"
import { useView } from "./context.ts"
import { CopyButton } from "./parts.tsx"

const Fact = ({ term, children }: { readonly term: string; readonly children: ComponentChildren }) => (
  <div class="fact">
    <dt>{term}</dt>
    <dd>{children}</dd>
  </div>
)

/** Where it came from and what it is about. */
export const Facts = ({ detail }: { readonly detail: ReceivedDetail }) => {
  const { store, go } = useView()
  const { device, channel, connection, stream, token, registered, collapseId, replaces, replayOf, topic } = detail
  return (
    <section class="card" aria-labelledby="facts-title">
      <header class="card-head">
        <h3 id="facts-title">Where it went</h3>
      </header>
      <dl class="facts">
        {device === undefined ? null : (
          <Fact term="Device">
            <span class="mono break">
              <bdi>{device}</bdi>
            </span>
            <span class="fact-actions">
              {registered?.device === undefined ? null : <span class="tag">{registered.device.state}</span>}
              <CopyButton text={() => device} what="device token" />
              <button
                type="button"
                class="link-button"
                onClick={() => {
                  store.filter.value = { ...noFilter, device: device.toLowerCase() }
                  go({ page: "inbox", push: detail.id }, true)
                }}
              >
                Only this device
              </button>
            </span>
          </Fact>
        )}
        {channel === undefined ? null : (
          <Fact term="Channel">
            <span class="mono break">
              <bdi>{channel}</bdi>
            </span>
          </Fact>
        )}
        {topic === undefined ? null : (
          <Fact term="Topic">
            <span class="mono break">
              <bdi>{topic}</bdi>
            </span>
          </Fact>
        )}
        {collapseId === undefined ? null : (
          <Fact term="Collapse id">
            <span class="mono break">
              <bdi>{collapseId}</bdi>
            </span>
            {replaces === undefined ? null : <a href={`#/inbox/${replaces}`}>replaces push {replaces} on the screen</a>}
          </Fact>
        )}
        <Fact term="Connection">
          <span>
            <a href="#/connections">{connection}</a>, stream {stream}
          </span>
        </Fact>
        {token === undefined ? null : (
          <Fact term="Provider token">
            <span>
              <span class="mono">{token.kid ?? "?"}</span> of team <span class="mono">{token.iss ?? "?"}</span>
              {token.iat === undefined ? "" : `, ${duration(detail.time - token.iat * 1_000)} old`}
            </span>
          </Fact>
        )}
        {replayOf === undefined ? null : (
          <Fact term="Replay of">
            <a href={`#/inbox/${replayOf}`}>push {replayOf}</a>
          </Fact>
        )}
      </dl>
    </section>
  )
}
