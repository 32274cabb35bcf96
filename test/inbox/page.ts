/** A page of the inbox in a real browser, over a simulator of its own. */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { Simulator } from "@effect-apns/simulator"
import { ControlServer } from "@effect-apns/simulator/ControlServer"
import { Effect, Exit, Layer, Scope } from "effect"
import type { Browser, BrowserContextOptions, Page } from "playwright-core"
import { packageFile } from "../support/browser.ts"
import { makeProvider, type RawPush } from "../support/provider.ts"

const inbox = fileURLToPath(new URL("../../packages/inbox", import.meta.url))
const built = fileURLToPath(new URL("../../packages/simulator/dist/inbox/index.html", import.meta.url))

/** Builds the page as it is shipped; in a process of its own, as the tests' environment is not production's. */
export const buildPage = async (): Promise<void> => {
  const env = { ...process.env, NODE_ENV: "production" }
  const vite = join(dirname(packageFile("vite/package.json")), "bin/vite.js")
  await promisify(execFile)(process.execPath, [vite, "build", inbox, "--logLevel", "warn"], { env })
  if (!existsSync(built)) throw new Error(`the build left no ${built}`)
}

export interface Inbox {
  readonly url: string
  readonly simulator: Simulator["Service"]
  readonly send: (push: RawPush) => Promise<number>
  readonly close: () => Promise<void>
}

/** A simulator, its control server, and a provider that is connected to it. */
export const openInbox = async (): Promise<Inbox> => {
  const scope = Scope.makeUnsafe()
  const live = ControlServer.layer().pipe(Layer.provideMerge(Simulator.layer()))
  const context = await Effect.runPromise(Layer.buildWithScope(live, scope))
  const { simulator, url } = Effect.runSync(
    Effect.gen(function* () {
      return { simulator: yield* Simulator, url: (yield* ControlServer).url }
    }).pipe(Effect.provideContext(context))
  )
  const provider = makeProvider(simulator)
  return {
    url,
    simulator,
    send: provider.send,
    close: async () => {
      provider.close()
      await Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
}

export interface Watched {
  readonly page: Page
  /** What must not happen: errors of scripts, violations of the page's policy, dialogs, requests that leave the machine. */
  readonly offences: Array<string>
}

export const openPage = async (
  browser: Browser,
  inbox: Inbox,
  options: BrowserContextOptions = {}
): Promise<Watched> => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options })
  const offences: Array<string> = []
  page.on("pageerror", (error) => offences.push(`error: ${error.message}`))
  page.on("console", (message) => {
    if (message.type() === "error") offences.push(`console: ${message.text()}`)
  })
  page.on("dialog", (dialog) => {
    offences.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on("request", (request) => {
    if (!request.url().startsWith(inbox.url)) offences.push(`request: ${request.url()}`)
  })
  await page.goto(inbox.url)
  await page.locator(".link-live").waitFor({ state: "attached" })
  return { page, offences }
}

export const rows = (page: Page) => page.getByRole("listbox").getByRole("option")

export const row = (page: Page, text: string) => rows(page).filter({ hasText: text })

const app = "com.example.app"

/** An alert to a device of 32 bytes. */
export const alert = (
  title: string,
  more: { readonly device?: string; readonly app?: string; readonly aps?: object } = {}
): RawPush => ({
  device: more.device ?? "ab".repeat(32),
  headers: { "apns-push-type": "alert", "apns-topic": more.app ?? app },
  payload: { aps: { alert: { title, body: `Body of ${title}` }, ...more.aps } }
})
