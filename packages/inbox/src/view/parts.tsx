/** Small pieces that many views are made of. */
import type { Outcome, ReceivedSummary } from "@effect-apns/simulator/ControlModel"
import type { ComponentChildren } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import { answerText, appName, hueOf, outcomeName } from "../model/push.ts"
import { useView } from "./context.ts"
import { Icon, type IconName } from "./Icon.tsx"

/** Stands for an app's icon, which no push carries: its initial, on a colour that stays the same. */
export const AppIcon = ({ app, size = 36 }: { readonly app: string; readonly size?: number }) => (
  <span class="app-icon" style={{ "--hue": String(hueOf(app)), "--size": `${size}px` }} aria-hidden="true">
    {app === "" ? "?" : appName(app).charAt(0)}
  </span>
)

export const OutcomeMark = ({ outcome }: { readonly outcome: Outcome }) => (
  <span class={`mark mark-${outcome}`}>
    <span class="visually-hidden">{outcomeName(outcome)}</span>
  </span>
)

export const Answer = ({ summary }: { readonly summary: ReceivedSummary }) => (
  <span class={`answer answer-${summary.outcome}`}>
    <OutcomeMark outcome={summary.outcome} />
    {answerText(summary)}
  </span>
)

const writeClipboard = async (text: string): Promise<void> => {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text)
  // Browsers have a clipboard on secure origins only: localhost is one, another address over http is none.
  const area = document.createElement("textarea")
  area.value = text
  document.body.append(area)
  area.select()
  const copied = document.execCommand("copy")
  area.remove()
  if (!copied) throw new Error("The browser does not let this page use the clipboard.")
}

export const useCopy = () => {
  const { store } = useView()
  return (text: () => string | Promise<string>, what: string) =>
    store.attempt(async () => writeClipboard(await text()), `${what} copied`)
}

/** A button that copies, and says so for a moment. */
export const CopyButton = ({
  text,
  what,
  label
}: {
  readonly text: () => string | Promise<string>
  readonly what: string
  readonly label?: string
}) => {
  const copy = useCopy()
  const [copied, setCopied] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const onClick = async () => {
    await copy(text, what)
    setCopied(true)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => setCopied(false), 1_500)
  }
  return (
    <button
      type="button"
      class={label === undefined ? "icon-button" : "button"}
      onClick={onClick}
      title={`Copy ${what}`}
      aria-label={label === undefined ? `Copy ${what}` : undefined}
    >
      <Icon name={copied ? "check" : "copy"} size={16} />
      {label}
    </button>
  )
}

export const PageHead = ({
  title,
  children,
  text
}: {
  readonly title: string
  readonly text: string
  readonly children?: ComponentChildren
}) => (
  <header class="page-head">
    <div>
      <h1>{title}</h1>
      <p>{text}</p>
    </div>
    {children === undefined ? null : <div class="page-actions">{children}</div>}
  </header>
)

export const Empty = ({
  icon,
  title,
  children
}: {
  readonly icon: IconName
  readonly title: string
  readonly children: ComponentChildren
}) => (
  <div class="empty">
    <span class="empty-icon">
      <Icon name={icon} size={26} />
    </span>
    <h2>{title}</h2>
    <p>{children}</p>
  </div>
)

export const Failure = ({ message }: { readonly message: string }) => (
  <p class="failure" role="alert">
    <Icon name="warning" size={16} /> {message}
  </p>
)
