import { type AlertView, hasText, type Phrase } from "../model/alert.ts"
import { appName } from "../model/push.ts"
import { Icon } from "./Icon.tsx"
import { AppIcon } from "./parts.tsx"

/** A text, or the key the app looks up, with its arguments. */
const Text = ({ phrase }: { readonly phrase: Phrase }) =>
  phrase._tag === "text" ? (
    <bdi>{phrase.text}</bdi>
  ) : (
    <span class="loc">
      <span class="loc-key">
        <bdi>{phrase.key}</bdi>
      </span>
      {phrase.args.map((arg, index) => (
        <span key={`${index} ${arg}`} class="loc-arg">
          <bdi>{arg}</bdi>
        </span>
      ))}
    </span>
  )

interface Props {
  readonly app: string
  readonly alert: AlertView
  readonly time: string
  /** How many earlier ones of its group lie under it. */
  readonly group: number
}

export const Banner = ({ app, alert, time, group }: Props) => {
  const { title, subtitle, body, level, mutable } = alert
  return (
    <div class={`banner${group > 0 ? " banner-group" : ""}${group > 1 ? " banner-group-deep" : ""}`}>
      <div class="banner-card">
        {level === "time-sensitive" ? <div class="banner-level">Time sensitive</div> : null}
        {level === "critical" ? (
          <div class="banner-level banner-critical">
            <Icon name="warning" size={12} /> Critical
          </div>
        ) : null}
        <div class="banner-row">
          <AppIcon app={app} size={36} />
          <div class="banner-text">
            <div class="banner-title">{title === undefined ? appName(app) : <Text phrase={title} />}</div>
            {subtitle === undefined ? null : (
              <div class="banner-subtitle">
                <Text phrase={subtitle} />
              </div>
            )}
            {body === undefined ? null : (
              <div class="banner-body">
                <Text phrase={body} />
              </div>
            )}
            {hasText(alert) ? null : <div class="banner-body banner-none">No text: nothing is shown</div>}
          </div>
          <div class="banner-side">
            <span class="banner-time">{time}</span>
            {mutable ? (
              <span class="banner-image" title="The app's extension may put an image here">
                <Icon name="image" size={18} />
              </span>
            ) : null}
          </div>
        </div>
        {group > 0 ? <div class="banner-more">{group} more of this group</div> : null}
      </div>
    </div>
  )
}
