/** axe, the accessibility checker, inside a page. */
import { readFileSync } from "node:fs"
import type { Page } from "playwright-core"
import { packageFile } from "../support/browser.ts"

interface Axe {
  readonly run: () => Promise<{
    readonly violations: ReadonlyArray<{
      readonly id: string
      readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary: string }>
    }>
  }>
}

const script = readFileSync(packageFile("axe-core/axe.min.js"), "utf8")

/** Each violation: its rule, and the elements with what to do about them. */
export const violations = async (page: Page): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(script)
  return page.evaluate(async () => {
    // The script makes itself a global.
    const { axe } = globalThis as unknown as { readonly axe: Axe }
    const found = await axe.run()
    return found.violations.map(({ id, nodes }) => [
      id,
      ...nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)
    ])
  })
}
