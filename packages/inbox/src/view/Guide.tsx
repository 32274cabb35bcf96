import { Settings } from "./Connect.tsx"
import { useView } from "./context.ts"
import { Failure } from "./parts.tsx"

/** The inbox before its first push: what to do. */
export const Guide = () => {
  const { store } = useView()
  const info = store.info.value.value
  return (
    <div class="page guide">
      <div class="guide-head">
        <span class="guide-art" aria-hidden="true">
          <span />
          <span />
          <span />
        </span>
        <h1>Waiting for the first push</h1>
        <p>
          This is an Apple Push Notification service of your own. Point a client at it; what it sends appears here at
          once, with Apple’s verdict and a look at the lock screen.
        </p>
      </div>
      {store.link.value === "lost" ? (
        <Failure message="The simulator cannot be reached. This page goes on trying." />
      ) : null}
      {info === undefined ? null : <Settings info={info} />}
    </div>
  )
}
