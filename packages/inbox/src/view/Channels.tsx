import type { Channel } from "@effect-apns/simulator/Channel"
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { brief } from "../model/json.ts"
import { dateTime } from "../model/time.ts"
import { useView } from "./context.ts"
import { Icon } from "./Icon.tsx"
import { AppIcon, CopyButton, Empty, Failure, PageHead } from "./parts.tsx"

const storages = { none: "Stores nothing", mostRecent: "Stores the newest" } as const

const ChannelCard = ({ channel }: { readonly channel: Channel }) => {
  const { bundleId, id, storage, message } = channel
  return (
    <li class="card channel">
      <AppIcon app={bundleId} />
      <div>
        <h2 class="mono break">
          <bdi>{id}</bdi>
          <CopyButton text={() => id} what="channel id" />
        </h2>
        <p class="muted">
          <bdi>{bundleId}</bdi> <span class="tag">{storages[storage]}</span>
        </p>
        {message === undefined ? null : (
          <>
            <p>
              Keeps the broadcast of {dateTime(message.time)} until {dateTime(message.until)}, priority{" "}
              {message.priority}:
            </p>
            <p class="mono break message">
              <bdi>{brief(message.body, 400)}</bdi>
            </p>
          </>
        )}
      </div>
    </li>
  )
}

const Create = () => {
  const { store } = useView()
  const bundleId = useSignal("")
  const storage = useSignal<Channel["storage"]>("mostRecent")
  return (
    <form
      class="card inline-form"
      aria-label="Make a channel"
      onSubmit={(event) => {
        event.preventDefault()
        void store.attempt(async () => {
          await store.api.createChannel({ bundleId: bundleId.value.trim(), storage: storage.value })
          store.channels.load()
        }, "Channel made")
      }}
    >
      <label class="grow">
        <span>Bundle ID</span>
        <input
          required
          placeholder="com.example.app"
          value={bundleId.value}
          onInput={({ currentTarget }) => {
            bundleId.value = currentTarget.value
          }}
        />
      </label>
      <label>
        <span>Storage</span>
        <select
          value={storage.value}
          onChange={({ currentTarget }) => {
            storage.value = currentTarget.value === "none" ? "none" : "mostRecent"
          }}
        >
          <option value="mostRecent">{storages.mostRecent}</option>
          <option value="none">{storages.none}</option>
        </select>
      </label>
      <button type="submit" class="button button-main">
        <Icon name="plus" size={16} />
        Make a channel
      </button>
    </form>
  )
}

export const Channels = () => {
  const { store } = useView()
  useEffect(store.channels.load, [])
  const channels = store.channels.value.value
  const error = store.channels.error.value
  return (
    <div class="page">
      <PageHead title="Channels" text="Broadcasts reach every Live Activity that subscribes to a channel." />
      {error === undefined ? null : <Failure message={error} />}
      <Create />
      {channels?.length === 0 ? (
        <Empty icon="channels" title="No channel yet">
          Make one here, or with <code>POST /1/apps/…/channels</code> on the management port.
        </Empty>
      ) : (
        <ul class="cards">
          {channels?.map((channel) => (
            <ChannelCard key={`${channel.bundleId} ${channel.id}`} channel={channel} />
          ))}
        </ul>
      )}
    </div>
  )
}
