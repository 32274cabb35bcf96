import type { ConnectionInfo } from "@effect-apns/simulator/ConnectionInfo"
import { useEffect, useState } from "preact/hooks"
import { dateTime, duration } from "../model/time.ts"
import { useView } from "./context.ts"
import { Empty, Failure, PageHead } from "./parts.tsx"

/** Apple asks for a new provider token between 20 and 60 minutes of age. */
const oldMillis = 50 * 60_000

const Streams = ({ info }: { readonly info: ConnectionInfo }) => {
  const { streamsOpen, maxConcurrentStreams, streamsOpened, maxStreamsOpen, excessStreams } = info
  return (
    <>
      <b>{streamsOpen.toLocaleString("en-GB")}</b> of {maxConcurrentStreams.toLocaleString("en-GB")} open
      <div class="muted">
        {streamsOpened.toLocaleString("en-GB")} in all, {maxStreamsOpen.toLocaleString("en-GB")} at most at once
      </div>
      {excessStreams === 0 ? null : <div class="tag tag-bad">{excessStreams} above the limit</div>}
    </>
  )
}

const Credential = ({ info, now }: { readonly info: ConnectionInfo; readonly now: number }) => {
  const { binding, token } = info
  if (binding?._tag === "certificate") return <>Certificate for {binding.topics.join(", ")}</>
  if (token === undefined) return <span class="muted">none yet</span>
  const age = token.iat === undefined ? undefined : now - token.iat * 1_000
  return (
    <>
      <span class="mono">{token.kid ?? "?"}</span> <span class="muted">of team</span>{" "}
      <span class="mono">{token.iss ?? "?"}</span>
      <div>
        {age === undefined ? null : <span class={age > oldMillis ? "tag tag-warn" : "muted"}>{duration(age)} old</span>}
        {binding === undefined ? <span class="tag tag-warn">not accepted yet</span> : null}
      </div>
    </>
  )
}

const Entry = ({ info, now }: { readonly info: ConnectionInfo; readonly now: number }) => {
  const { store } = useView()
  const { id, open, listener, accepted, rejected, goAways, remote, tls, openedAt, closedAt } = info
  return (
    <tr class={open ? "" : "closed"}>
      <th scope="row">
        <span class={open ? "link link-live" : "link"}>{id}</span>
        <span class="tag">{listener === "device" ? "push" : "management"}</span>
        <div class="muted">{remote}</div>
      </th>
      <td data-label="Streams">
        <Streams info={info} />
      </td>
      <td data-label="Answers">
        {accepted.toLocaleString("en-GB")} accepted
        <div class={rejected === 0 ? "muted" : "bad"}>{rejected.toLocaleString("en-GB")} refused</div>
      </td>
      <td data-label="Credential">
        <Credential info={info} now={now} />
      </td>
      <td data-label="Life">
        {closedAt === undefined ? duration(now - openedAt) : `closed after ${duration(closedAt - openedAt)}`}
        <div class="muted">{tls}</div>
        {goAways.map(({ code, lastStreamId, debugData }, index) => (
          <div key={`${index} ${lastStreamId}`} class="tag tag-warn">
            <span>
              GOAWAY {code}, last stream {lastStreamId}
              {debugData === "" ? null : (
                <>
                  : <bdi>{debugData}</bdi>
                </>
              )}
            </span>
          </div>
        ))}
      </td>
      <td class="row-actions">
        {open ? (
          <>
            <button
              type="button"
              class="link-button"
              onClick={() => store.attempt(() => store.api.goAway(id, undefined), `GOAWAY sent on ${id}`)}
            >
              GOAWAY
            </button>
            <button
              type="button"
              class="link-button"
              onClick={() => store.attempt(() => store.api.disconnect(id), `${id} cut`)}
            >
              Cut
            </button>
          </>
        ) : (
          <span class="muted">{closedAt === undefined ? "" : dateTime(closedAt)}</span>
        )}
      </td>
    </tr>
  )
}

export const Connections = () => {
  const { store } = useView()
  const [, tick] = useState(0)
  useEffect(() => {
    store.connections.load()
    store.clock.load()
    const timer = setInterval(() => tick((count) => count + 1), 1_000)
    return () => clearInterval(timer)
  }, [])
  const connections = store.connections.value.value
  const error = store.connections.error.value
  const open = connections?.filter((info) => info.open).length ?? 0
  const now = Date.now() + (store.clock.value.value?.offset ?? 0)
  return (
    <div class="page">
      <PageHead title="Connections" text="Streams, provider tokens and their ages, and how each connection ended.">
        <button
          type="button"
          class="button"
          disabled={open === 0}
          onClick={() => store.attempt(() => store.api.goAway(undefined, '{"reason":"Shutdown"}'), "GOAWAY sent")}
        >
          GOAWAY to all
        </button>
        <button
          type="button"
          class="button"
          disabled={open === 0}
          onClick={() => store.attempt(() => store.api.disconnect(undefined), "All cut")}
        >
          Cut all
        </button>
      </PageHead>
      {error === undefined ? null : <Failure message={error} />}
      {connections?.length === 0 ? (
        <Empty icon="connections" title="No connection yet">
          Every connection of a client appears here while it is open, and for a while after.
        </Empty>
      ) : (
        <div class="card table-card">
          <table>
            <thead>
              <tr>
                <th scope="col">Connection</th>
                <th scope="col">Streams</th>
                <th scope="col">Answers</th>
                <th scope="col">Provider token</th>
                <th scope="col">Life</th>
                <th scope="col">
                  <span class="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {connections?.map((info) => (
                <Entry key={info.id} info={info} now={now} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  )
}
