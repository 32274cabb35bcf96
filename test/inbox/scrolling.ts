/** How much work it is to scroll the list. */
import type { Page } from "playwright-core"

/**
 * Scrolls from the top of the list to its end in ninety frames. Gives the milliseconds of processor time that the page's main
 * thread took for it, whatever else the machine did.
 */
export const scrollThrough = async (page: Page): Promise<number> => {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" })
  const taskMillis = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics")
    return 1000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN)
  }
  const before = await taskMillis()
  await page.evaluate(async () => {
    const list = document.querySelector(".list")
    if (list === null) throw new Error("there is no list")
    const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve))
    await frame()
    for (let index = 0; index < 90; index++) {
      list.scrollTop = ((list.scrollHeight - list.clientHeight) * index) / 90
      await frame()
    }
    list.scrollTop = 0
  })
  const millis = (await taskMillis()) - before
  await devtools.detach()
  return millis
}
