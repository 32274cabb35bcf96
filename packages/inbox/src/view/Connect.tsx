import type { Info } from "@effect-apns/simulator/ControlModel"
import { useEffect, useState } from "preact/hooks"
import { snippets } from "../model/snippets.ts"
import { useView } from "./context.ts"
import { CopyButton, Failure, PageHead } from "./parts.tsx"

const Value = ({ term, value, note }: { readonly term: string; readonly value: string; readonly note?: string }) => (
  <div class="setting">
    <dt>{term}</dt>
    <dd>
      <span class="mono break">{value}</span>
      <CopyButton text={() => value} what={term.toLowerCase()} />
      {note === undefined ? null : <p class="muted">{note}</p>}
    </dd>
  </div>
)

const Pem = ({
  term,
  pem,
  file,
  note
}: {
  readonly term: string
  readonly pem: string
  readonly file: string | undefined
  readonly note: string
}) => (
  <div class="setting">
    <dt>{term}</dt>
    <dd>
      {file === undefined ? <span class="muted">in memory only</span> : <span class="mono break">{file}</span>}
      {file === undefined ? null : <CopyButton text={() => file} what={`path of the ${term.toLowerCase()}`} />}
      <CopyButton text={() => pem} what={`PEM of the ${term.toLowerCase()}`} label="PEM" />
      <p class="muted">{note}</p>
    </dd>
  </div>
)

/** What a client must be told, and how. */
export const Settings = ({ info }: { readonly info: Info }) => {
  const [chosen, setChosen] = useState(0)
  const all = snippets(info)
  const snippet = all[chosen]
  return (
    <div class="settings">
      <dl class="card">
        <Value term="Host" value={info.host} />
        <Value term="Port" value={String(info.port)} note="Pushes to devices, and broadcasts" />
        <Value term="Management port" value={String(info.managementPort)} note="Channels" />
        <Pem
          term="Certificate authority"
          pem={info.ca}
          file={info.caFile}
          note="Let the client trust it, not the whole machine."
        />
        <Pem
          term="Provider key"
          pem={info.key.privateKey}
          file={info.keyFile}
          note="Made for this simulator. Apple does not know it."
        />
        <Value term="Team" value={info.key.teamId} />
        <Value term="Key id" value={info.key.keyId} />
      </dl>
      <section class="card code-card" aria-label="Example">
        <header class="card-head">
          <fieldset class="segments">
            <legend class="visually-hidden">Client</legend>
            {all.map(({ name }, index) => (
              <button key={name} type="button" aria-pressed={index === chosen} onClick={() => setChosen(index)}>
                {name}
              </button>
            ))}
          </fieldset>
          <CopyButton text={() => snippet?.code ?? ""} what={`${snippet?.name} example`} label="Copy" />
        </header>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
        <pre class="code" tabIndex={0}>
          {snippet?.code}
        </pre>
      </section>
    </div>
  )
}

export const Connect = () => {
  const { store } = useView()
  useEffect(store.info.load, [])
  const info = store.info.value.value
  const error = store.info.error.value
  return (
    <div class="page">
      <PageHead
        title="Connect"
        text="Any APNs client in any language can be pointed here. Nothing leaves this machine."
      />
      {error === undefined ? null : <Failure message={error} />}
      {info === undefined ? null : <Settings info={info} />}
      {info === undefined ? null : (
        <p class="muted">
          Version {info.version}. Keeps the newest {info.keep.toLocaleString("en-GB")} requests{" "}
          {info.data === undefined ? "in memory" : `in ${info.data}`}. <a href="openapi.json">The control API</a> does
          all that this page does.
        </p>
      )}
    </div>
  )
}
