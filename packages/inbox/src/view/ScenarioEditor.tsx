import type { Scenario } from "@effect-apns/simulator/Scenario"
import { useState } from "preact/hooks"
import { parse } from "../model/json.ts"
import { idOf, presets } from "../model/presets.ts"
import { useView } from "./context.ts"
import { Failure } from "./parts.tsx"

interface Props {
  /** Absent: a new one. */
  readonly scenario: Scenario | undefined
  readonly onClose: () => void
}

const textOf = ({ id: _, name: __, enabled: ___, ...rest }: Omit<Scenario, "id"> & { readonly id?: string }): string =>
  JSON.stringify(rest, undefined, 2)

/** A name and the scenario's JSON. The simulator says what is wrong with it. */
export const ScenarioEditor = ({ scenario, onClose }: Props) => {
  const { store } = useView()
  const first = presets[0]?.scenario
  const [name, setName] = useState(scenario?.name ?? scenario?.id ?? "")
  const [text, setText] = useState(textOf(scenario ?? first ?? { effect: { _tag: "silence" } }))
  const [problem, setProblem] = useState<string>()

  const save = async () => {
    const value = parse(text)
    if (value === undefined) {
      setProblem("This is no JSON.")
      return
    }
    try {
      // What is no scenario the simulator refuses, and says why.
      const input = { ...(value as object), name, enabled: scenario?.enabled ?? true } as Parameters<
        typeof store.api.putScenario
      >[1]
      await store.api.putScenario(scenario?.id ?? idOf(name), input)
      store.scenarios.load()
      onClose()
    } catch (cause) {
      setProblem(cause instanceof Error ? cause.message : String(cause))
    }
  }

  return (
    <form
      class="card editor"
      aria-label="Scenario"
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <div class="editor-row">
        <label>
          <span>Name</span>
          <input
            required
            value={name}
            placeholder="Some devices get too much"
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </label>
        <label>
          <span>Begin with</span>
          <select
            onChange={({ currentTarget }) => {
              const found = presets.find(({ id }) => id === currentTarget.value)
              if (found === undefined) return
              setText(textOf(found.scenario))
              if (name === "") setName(found.scenario.name)
            }}
          >
            <option value="">…</option>
            {presets.map(({ id, scenario: preset }) => (
              <option key={id} value={id}>
                {preset.name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <label>
        <span>What it matches, how often, and what happens</span>
        <textarea
          class="mono"
          rows={12}
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      <p class="muted">
        <code>match</code> takes <code>device</code>, <code>topic</code>, <code>pushType</code>, <code>bundleId</code>,{" "}
        <code>channel</code>, <code>method</code> and <code>path</code>; <code>skip</code>, <code>every</code>,{" "}
        <code>times</code> and <code>probability</code> say how often.
      </p>
      {problem === undefined ? null : <Failure message={problem} />}
      <div class="editor-actions">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="button button-main">
          Save
        </button>
      </div>
    </form>
  )
}
