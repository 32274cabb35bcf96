import { signal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { Icon } from "./Icon.tsx"

export const helpOpen = signal(false)

const shortcuts: ReadonlyArray<readonly [keys: ReadonlyArray<string>, text: string]> = [
  [["j", "↓"], "Next push"],
  [["k", "↑"], "Previous push"],
  [["Enter"], "Open the first push"],
  [["Esc"], "Close the push, leave the search"],
  [["/"], "Search"],
  [["r"], "Replay the open push"],
  [["c"], "Copy the open push as curl"],
  [["g"], "To the newest push"],
  [["1", "–", "7"], "Go to a page"],
  [["?"], "This help"]
]

/** The browser's own dialog keeps the focus inside and closes with Esc. */
export const Help = () => {
  const dialog = useRef<HTMLDialogElement>(null)
  const open = helpOpen.value
  useEffect(() => {
    if (open) dialog.current?.showModal()
    else dialog.current?.close()
  }, [open])
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-labelledby="help-title"
      onClose={() => {
        helpOpen.value = false
      }}
    >
      <header>
        <h2 id="help-title">Keyboard shortcuts</h2>
        <button type="button" class="icon-button" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </header>
      <dl>
        {shortcuts.map(([keys, text]) => (
          <div key={text}>
            <dt>{keys.map((key) => (key === "–" ? <span key={key}>to</span> : <kbd key={key}>{key}</kbd>))}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  )
}
