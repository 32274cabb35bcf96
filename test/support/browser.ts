/** A Chromium from npm, for tests of pages and for their screenshots. */
import { createRequire } from "node:module"
import chromium from "@sparticuz/chromium"
import { type Browser, chromium as engine } from "playwright-core"

/** Starts it; fails where the machine has not the libraries it needs. */
export const launchBrowser = async (): Promise<Browser> =>
  engine.launch({
    executablePath: await chromium.executablePath(),
    // The package's own list is made for a cloud function: it puts everything into one process and switches web security off.
    args: [
      "--headless=shell",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--font-render-hinting=none"
    ],
    timeout: 30_000
  })

/** Starts it where it can be started, and says why where it cannot. */
export const tryBrowser = async (): Promise<Browser | undefined> => {
  try {
    return await launchBrowser()
  } catch (cause) {
    const [first = ""] = String(cause).split("\n")
    console.warn(`The browser tests are skipped, as Chromium does not start here: ${first}`)
    return undefined
  }
}

/** The text of a file of a package. */
export const packageFile = (specifier: string): string => createRequire(import.meta.url).resolve(specifier)
