import { render } from "preact"
import { makeClient } from "./api/client.ts"
import { listenTo } from "./api/events.ts"
import { makeRoute } from "./state/route.ts"
import { makeStore } from "./state/store.ts"
import { followTheme } from "./state/theme.ts"
import { App } from "./view/App.tsx"
import { Context } from "./view/context.ts"

followTheme(document.documentElement)
const store = makeStore(makeClient(""))
const { route, go } = makeRoute(window)
const root = document.getElementById("app")
if (root === null) throw new Error("index.html has no element #app")
render(
  <Context.Provider value={{ store, route, go }}>
    <App />
  </Context.Provider>,
  root
)
store.start(listenTo(""))
