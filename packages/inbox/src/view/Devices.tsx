import type { Device, DeviceInfo } from "@effect-apns/simulator/Device"
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { noFilter } from "../model/filter.ts"
import { dateTime } from "../model/time.ts"
import { useView } from "./context.ts"
import { Icon } from "./Icon.tsx"
import { CopyButton, Empty, Failure, PageHead } from "./parts.tsx"

const states: ReadonlyArray<readonly [state: Device["state"], label: string, answer: string]> = [
  ["active", "Active", "200"],
  ["offline", "Offline", "200, kept for later"],
  ["unregistered", "Unregistered", "410 Unregistered"],
  ["expired", "Expired", "410 ExpiredToken"],
  ["otherEnvironment", "Other environment", "400 BadDeviceToken"],
  ["rateLimited", "Rate limited", "429 TooManyRequests"]
]

const answerOf = (state: Device["state"] | undefined): string =>
  states.find(([known]) => known === state)?.[2] ?? "as an unknown device"

const since = (device: Device | undefined): string => {
  if (device === undefined) return ""
  if ("since" in device && device.since !== undefined) return ` since ${dateTime(device.since)}`
  return "until" in device && device.until !== undefined ? ` until ${dateTime(device.until)}` : ""
}

const DeviceRow = ({ info }: { readonly info: DeviceInfo }) => {
  const { store, go } = useView()
  const { token, device, received, lastTopic, lastReceived, stored } = info
  const set = (state: string) =>
    store.attempt(async () => {
      const found = states.find(([known]) => known === state)
      await (found === undefined ? store.api.removeDevice(token) : store.api.registerDevice({ token, state: found[0] }))
      store.devices.load()
    })
  return (
    <tr>
      <th scope="row">
        <span class="mono" title={token}>
          {token.length > 24 ? `${token.slice(0, 12)}…${token.slice(-8)}` : token}
        </span>
        <CopyButton text={() => token} what="device token" />
      </th>
      <td data-label="State">
        <select
          class={`select state-${device?.state ?? "unknown"}`}
          aria-label={`State of ${token.slice(0, 8)}`}
          value={device?.state ?? ""}
          onChange={({ currentTarget }) => set(currentTarget.value)}
        >
          <option value="">Not registered</option>
          {states.map(([state, label]) => (
            <option key={state} value={state}>
              {label}
            </option>
          ))}
        </select>
      </td>
      <td data-label="Answer">
        {answerOf(device?.state)}
        <span class="muted">{since(device)}</span>
        {stored.length === 0 ? null : <span class="tag">{stored.length} kept</span>}
      </td>
      <td data-label="Pushes" class="number">
        {received.toLocaleString("en-GB")}
      </td>
      <td data-label="Newest">
        {lastReceived === undefined ? (
          <span class="muted">none</span>
        ) : (
          <a href={`#/inbox/${lastReceived}`}>
            <bdi>{lastTopic ?? "open"}</bdi>
          </a>
        )}
      </td>
      <td class="row-actions">
        <button
          type="button"
          class="link-button"
          onClick={() => {
            store.filter.value = { ...noFilter, device: token.toLowerCase() }
            go({ page: "inbox", push: undefined })
          }}
        >
          Show pushes
        </button>
      </td>
    </tr>
  )
}

const Register = () => {
  const { store } = useView()
  const token = useSignal("")
  const state = useSignal<Device["state"]>("unregistered")
  return (
    <form
      class="card inline-form"
      aria-label="Register a device"
      onSubmit={(event) => {
        event.preventDefault()
        void store.attempt(async () => {
          await store.api.registerDevice({ token: token.value.trim(), state: state.value })
          token.value = ""
          store.devices.load()
        }, "Registered")
      }}
    >
      <label class="grow">
        <span>Device token</span>
        <input
          class="mono"
          required
          pattern="\s*([0-9A-Fa-f]{2})+\s*"
          title="Hex digits, an even number of them"
          placeholder="7a1f0c3b…"
          value={token.value}
          onInput={({ currentTarget }) => {
            token.value = currentTarget.value
          }}
        />
      </label>
      <label>
        <span>State</span>
        <select
          value={state.value}
          onChange={({ currentTarget }) => {
            state.value = states.find(([known]) => known === currentTarget.value)?.[0] ?? "active"
          }}
        >
          {states.map(([known, label]) => (
            <option key={known} value={known}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="button button-main">
        <Icon name="plus" size={16} />
        Register
      </button>
    </form>
  )
}

export const Devices = () => {
  const { store } = useView()
  useEffect(store.devices.load, [])
  const devices = store.devices.value.value
  const error = store.devices.error.value
  return (
    <div class="page">
      <PageHead
        title="Devices"
        text="What APNs knows of each token decides its answer. Change a state and send again."
      />
      {error === undefined ? null : <Failure message={error} />}
      <Register />
      {devices?.length === 0 ? (
        <Empty icon="devices" title="No device yet">
          Tokens appear here when a push goes to them, or when you register one.
        </Empty>
      ) : (
        <div class="card table-card">
          <table>
            <thead>
              <tr>
                <th scope="col">Token</th>
                <th scope="col">State</th>
                <th scope="col">Answer</th>
                <th scope="col" class="number">
                  Pushes
                </th>
                <th scope="col">Newest</th>
                <th scope="col">
                  <span class="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {devices?.map((info) => (
                <DeviceRow key={info.token} info={info} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  )
}
