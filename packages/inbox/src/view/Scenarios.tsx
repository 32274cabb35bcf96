import type { ScenarioInfo } from "@effect-apns/simulator/Scenario"
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { conditionText, effectText, type Preset, presets } from "../model/presets.ts"
import { Clock } from "./Clock.tsx"
import { useView } from "./context.ts"
import { Icon } from "./Icon.tsx"
import { Failure, PageHead } from "./parts.tsx"
import { ScenarioEditor } from "./ScenarioEditor.tsx"

const Switch = ({
  on,
  label,
  onChange
}: {
  readonly on: boolean
  readonly label: string
  readonly onChange: (on: boolean) => void
}) => (
  <button type="button" class="switch" role="switch" aria-checked={on} aria-label={label} onClick={() => onChange(!on)}>
    <span />
  </button>
)

const Entry = ({ info, onEdit }: { readonly info: ScenarioInfo; readonly onEdit: () => void }) => {
  const { store } = useView()
  const { scenario, kind, matched, applied, spent } = info
  const { id } = scenario
  const name = scenario.name ?? id
  const on = scenario.enabled !== false
  return (
    <li class={on ? "scenario scenario-on" : "scenario"}>
      <Switch on={on} label={name} onChange={(next) => store.attempt(() => store.api.switchScenario(id, next))} />
      <div class="scenario-text">
        <h3>{name}</h3>
        <p>{scenario.description ?? `${conditionText(scenario)}: ${effectText(scenario)}`}</p>
        <p class="scenario-facts">
          {kind === "fault" ? <span class="tag">once</span> : null}
          {spent ? <span class="tag">spent</span> : null}
          <span>
            {effectText(scenario)} · {conditionText(scenario)}
          </span>
        </p>
      </div>
      <div class="scenario-counts">
        <b>{applied.toLocaleString("en-GB")}</b>
        <span>of {matched.toLocaleString("en-GB")} applied</span>
      </div>
      <div class="scenario-actions">
        <button type="button" class="link-button" onClick={onEdit}>
          Edit<span class="visually-hidden"> {name}</span>
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label={`Remove ${name}`}
          title="Remove"
          onClick={() => store.attempt(() => store.api.removeScenario(id), `${name} removed`)}
        >
          <Icon name="trash" size={16} />
        </button>
      </div>
    </li>
  )
}

const PresetEntry = ({ preset }: { readonly preset: Preset }) => {
  const { store } = useView()
  const { id, scenario } = preset
  return (
    <li class="scenario">
      <Switch
        on={false}
        label={scenario.name}
        onChange={() => store.attempt(() => store.api.putScenario(id, { ...scenario, enabled: true }))}
      />
      <div class="scenario-text">
        <h3>{scenario.name}</h3>
        <p>{scenario.description}</p>
      </div>
    </li>
  )
}

export const Scenarios = () => {
  const { store } = useView()
  const edited = useSignal<ScenarioInfo["scenario"] | "new" | undefined>(undefined)
  useEffect(() => {
    store.scenarios.load()
    store.clock.load()
  }, [])
  const known = store.scenarios.value.value ?? []
  const ids = new Set(known.map(({ scenario }) => scenario.id))
  const offered = presets.filter(({ id }) => !ids.has(id))
  const error = store.scenarios.error.value
  return (
    <div class="page">
      <PageHead
        title="Scenarios"
        text="What the simulator does wrong, on purpose. Switch one on and see how your client takes it."
      >
        <button
          type="button"
          class="button button-main"
          onClick={() => {
            edited.value = "new"
          }}
        >
          <Icon name="plus" size={16} />
          New scenario
        </button>
      </PageHead>
      {error === undefined ? null : <Failure message={error} />}
      {edited.value === undefined ? null : (
        <ScenarioEditor
          key={edited.value === "new" ? "" : edited.value.id}
          scenario={edited.value === "new" ? undefined : edited.value}
          onClose={() => {
            edited.value = undefined
          }}
        />
      )}
      {known.length === 0 ? null : (
        <section class="card list-card" aria-labelledby="scenarios-set">
          <h2 id="scenarios-set">In the simulator</h2>
          <ul>
            {known.map((info) => (
              <Entry
                key={info.scenario.id}
                info={info}
                onEdit={() => {
                  edited.value = info.scenario
                }}
              />
            ))}
          </ul>
        </section>
      )}
      <div class="columns">
        <section class="card list-card" aria-labelledby="scenarios-presets">
          <h2 id="scenarios-presets">Ready to use</h2>
          {offered.length === 0 ? <p class="muted">All of them are in the simulator.</p> : null}
          <ul>
            {offered.map((preset) => (
              <PresetEntry key={preset.id} preset={preset} />
            ))}
          </ul>
        </section>
        <Clock />
      </div>
    </div>
  )
}
