/**
 * Takes the screenshots of docs/simulator/: the web inbox as a real browser draws it, over a simulator that gets sample
 * pushes. `node scripts/screenshots.ts [folder [png]]`
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Simulator } from "@effect-apns/simulator"
import { ControlServer } from "@effect-apns/simulator/ControlServer"
import { Effect, Layer } from "effect"
import type { Browser, Page } from "playwright-core"
import { launchBrowser, packageFile } from "../test/support/browser.ts"
import { makeProvider, type Target } from "../test/support/provider.ts"
import { phones, sampleBroadcast, samplePushes, trafficPush } from "../test/support/samplePushes.ts"

const folder = process.argv[2] ?? fileURLToPath(new URL("../docs/simulator/images", import.meta.url))

/** A build machine has few fonts. These are near those of a Mac, which the page asks for first. */
const fonts = ["inter", "jetbrains-mono"].map((name) => {
  const file = readFileSync(packageFile(`@fontsource-variable/${name}/files/${name}-latin-wght-normal.woff2`))
  const family = name === "inter" ? "Inter Variable" : "JetBrains Mono Variable"
  return `@font-face{font-family:"${family}";font-weight:100 900;src:url(data:font/woff2;base64,${file.toString("base64")})}`
})

/** WebP is a fraction of PNG's size at no loss that shows. */
const format = process.argv[3] === "png" ? "png" : "webp"

interface Shot {
  readonly name: string
  readonly scheme: "light" | "dark"
  readonly width: number
  readonly height: number
  readonly density: number
  readonly open: (page: Page) => Promise<void>
}

const openPush = (title: string) => async (page: Page) => {
  await page.evaluate(async (text) => {
    const response = await fetch(`/api/received?limit=1&text=${encodeURIComponent(text)}`)
    const { items }: { readonly items: ReadonlyArray<{ readonly id: number }> } = await response.json()
    location.hash = `#/inbox/${items[0]?.id}`
  }, title)
  await page.getByRole("heading", { name: "Payload", exact: true }).waitFor()
  await page.waitForTimeout(400)
}

const openPage = (name: string) => async (page: Page) => {
  await page.getByRole("navigation").getByText(name, { exact: true }).click()
  await page.waitForTimeout(400)
}

// `density`: pixels of the picture for one of the page.
const wide = { width: 1440, height: 900, density: 1.5 }
const narrow = { width: 390, height: 844, density: 2 }

const shots: ReadonlyArray<Shot> = [
  { name: "inbox-light", scheme: "light", ...wide, open: openPush("Your order is at the door") },
  { name: "inbox-dark", scheme: "dark", ...wide, open: openPush("Your order is at the door") },
  { name: "refused", scheme: "light", ...wide, open: openPush("We miss you") },
  { name: "live-activity", scheme: "light", ...wide, open: openPush('"event":"end"') },
  { name: "critical", scheme: "dark", ...wide, open: openPush("Storm warning") },
  { name: "voip", scheme: "light", ...wide, open: openPush("c-77") },
  { name: "scenarios", scheme: "light", ...wide, open: openPage("Scenarios") },
  { name: "charts", scheme: "dark", ...wide, open: openPage("Charts") },
  { name: "devices", scheme: "light", ...wide, open: openPage("Devices") },
  { name: "connections", scheme: "light", ...wide, open: openPage("Connections") },
  { name: "channels", scheme: "light", ...wide, open: openPage("Channels") },
  { name: "narrow-list", scheme: "light", ...narrow, open: async () => {} },
  { name: "narrow-push", scheme: "dark", ...narrow, open: openPush("Your order is at the door") }
]

const newPage = async (browser: Browser, url: string, shot: Omit<Shot, "open" | "name">): Promise<Page> => {
  const page = await browser.newPage({
    viewport: { width: shot.width, height: shot.height },
    colorScheme: shot.scheme,
    reducedMotion: "reduce",
    // Only for the fonts above; the tests run under the page's own policy.
    bypassCSP: true
  })
  await page.goto(url)
  await page.addStyleTag({ content: fonts.join("\n") })
  await page.evaluate(() => document.fonts.ready)
  return page
}

const save = async (page: Page, name: string, density: number): Promise<void> => {
  const { width = 0, height = 0 } = page.viewportSize() ?? {}
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send("Page.captureScreenshot", {
    format,
    ...(format === "webp" ? { quality: 88 } : {}),
    clip: { x: 0, y: 0, width, height, scale: density }
  })
  writeFileSync(`${folder}/${name}.${format}`, Buffer.from(data, "base64"))
  console.log(`${name}.${format}`)
}

const take = async (browser: Browser, url: string, shot: Shot): Promise<void> => {
  const page = await newPage(browser, url, shot)
  await page.getByRole("listbox").getByRole("option").first().waitFor()
  await shot.open(page)
  await save(page, shot.name, shot.density)
  await page.close()
}

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

/** So long the charts have something to show of. */
const trafficSeconds = 25

/** A connection that APNs ends, before those that stay. */
const endOne = async (simulator: Simulator["Service"]): Promise<void> => {
  const provider = makeProvider(simulator)
  for (let index = 0; index < 12; index++) await provider.send(trafficPush(index))
  await Effect.runPromise(simulator.goAway({ debugData: '{"reason":"Shutdown"}' }))
  await pause(2_000)
}

const sendSamples = async (target: Target, channel: string): Promise<void> => {
  const other = makeProvider(target)
  for (let index = 0; index < 5; index++) await other.send(trafficPush(index))
  const provider = makeProvider(target)
  await provider.send(sampleBroadcast(channel))
  let sent = 0
  for (let round = 0; round < trafficSeconds; round++) {
    const some = Array.from({ length: 30 + Math.round(24 * Math.sin(round / 5)) }, () => trafficPush(sent++))
    await Promise.all(some.map((push) => provider.send(push)))
    await pause(1_000)
  }
  for (const push of samplePushes()) {
    await provider.send(push)
    await pause(150)
  }
}

const program = Effect.gen(function* () {
  const simulator = yield* Simulator
  const { url } = yield* ControlServer
  yield* simulator.register({ state: "unregistered", token: phones.gone, since: Date.now() - 86_400_000 })
  yield* simulator.register({ state: "active", token: phones.ada })
  const channel = yield* simulator.registerChannel({ bundleId: "com.example.stadium", storage: "mostRecent" })
  yield* simulator.registerChannel({ bundleId: "com.example.transit", storage: "none" })
  yield* simulator.addScenario({
    id: "hot-devices",
    name: "Some devices get too much",
    description: "One push in ten is refused for the rate.",
    probability: 0.1,
    seed: 3,
    effect: { _tag: "reject", reason: "TooManyRequests", retryAfter: 2 },
    match: { topic: "com.example.bank" }
  })
  mkdirSync(folder, { recursive: true })
  const browser = yield* Effect.acquireRelease(Effect.promise(launchBrowser), (it) => Effect.promise(() => it.close()))
  yield* Effect.promise(async () => {
    const empty = await newPage(browser, url, { scheme: "light", ...wide })
    await empty.getByRole("heading", { name: "Waiting for the first push" }).waitFor()
    await save(empty, "empty", wide.density)
    await empty.close()
    await endOne(simulator)
    await sendSamples(simulator, channel.id)
    for (const shot of shots) await take(browser, url, shot)
  })
})

const live = ControlServer.layer().pipe(Layer.provideMerge(Simulator.layer()))
await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(live)))
