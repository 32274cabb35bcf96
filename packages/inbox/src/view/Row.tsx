import { appName, type Push, shorten } from "../model/push.ts"
import { factsOf } from "../model/pushType.ts"
import { clockTime } from "../model/time.ts"
import { Answer, AppIcon } from "./parts.tsx"

interface Props {
  readonly push: Push
  readonly top: number
  readonly position: number
  readonly count: number
  readonly selected: boolean
  readonly onSelect: (push: Push) => void
}

/** One push in the list. */
export const Row = ({ push, top, position, count, selected, onSelect }: Props) => (
  // biome-ignore lint/a11y/useKeyWithClickEvents: the listbox around it handles the keys.
  // biome-ignore lint/a11y/useFocusableInteractive: the listbox around it has the focus.
  <div
    id={`push-${push.id}`}
    class="row"
    role="option"
    aria-selected={selected}
    aria-posinset={position}
    aria-setsize={count}
    style={{ transform: `translateY(${top}px)` }}
    onClick={() => onSelect(push)}
  >
    <AppIcon app={push.app} />
    <div class="row-text">
      <div class="row-line">
        <span class="row-title">
          <bdi>{push.title}</bdi>
        </span>
        <time class="row-time" dateTime={new Date(push.summary.time).toISOString()}>
          {clockTime(push.summary.time)}
        </time>
      </div>
      <div class="row-body">
        <bdi>{push.text === "" ? appName(push.app) : push.text}</bdi>
      </div>
      <div class="row-line row-facts">
        <span class="row-kind">
          <span class="tag">{factsOf(push.type).label}</span>
          {push.summary.replayOf === undefined ? null : <span class="tag">Replay</span>}
          <span class="mono row-device">{shorten(push.summary.device ?? push.summary.channel ?? "")}</span>
        </span>
        <Answer summary={push.summary} />
      </div>
    </div>
  </div>
)
