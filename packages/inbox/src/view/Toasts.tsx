import { useView } from "./context.ts"
import { Icon } from "./Icon.tsx"

/** What was done, or went wrong, for some seconds. */
export const Toasts = () => {
  const { store } = useView()
  return (
    <div class="toasts" role="status" aria-live="polite">
      {store.toasts.value.map(({ id, text, bad }) => (
        <div key={id} class={bad ? "toast toast-bad" : "toast"}>
          <Icon name={bad ? "warning" : "check"} size={16} />
          {text}
        </div>
      ))}
    </div>
  )
}
