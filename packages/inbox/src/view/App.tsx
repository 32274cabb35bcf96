import { useEffect } from "preact/hooks"
import { Channels } from "./Channels.tsx"
import { Charts } from "./Charts.tsx"
import { Connect } from "./Connect.tsx"
import { Connections } from "./Connections.tsx"
import { useView } from "./context.ts"
import { Devices } from "./Devices.tsx"
import { Help } from "./Help.tsx"
import { Inbox } from "./Inbox.tsx"
import { useKeys } from "./keys.ts"
import { Nav } from "./Nav.tsx"
import { Scenarios } from "./Scenarios.tsx"
import { Toasts } from "./Toasts.tsx"

const pages = {
  inbox: Inbox,
  devices: Devices,
  channels: Channels,
  connections: Connections,
  scenarios: Scenarios,
  charts: Charts,
  connect: Connect
}

const titles = {
  inbox: "Inbox",
  devices: "Devices",
  channels: "Channels",
  connections: "Connections",
  scenarios: "Scenarios",
  charts: "Charts",
  connect: "Connect"
}

export const App = () => {
  const { route } = useView()
  useKeys()
  const { page } = route.value
  useEffect(() => {
    document.title = page === "inbox" ? "APNs Inbox" : `${titles[page]} · APNs Inbox`
  }, [page])
  const Page = pages[page]
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Nav />
      <main id="main" tabIndex={-1}>
        <Page />
      </main>
      <Help />
      <Toasts />
    </div>
  )
}
