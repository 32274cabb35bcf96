/** How smoothly the list scrolls. */
import type { Page } from "playwright-core"

export interface Frames {
  /** Milliseconds of the median frame. */
  readonly median: number
  /** Milliseconds of the longest task that held the page up; 0 when none took 50 ms. */
  readonly longestTask: number
}

/** Scrolls from the top of the list to its end in ninety frames. */
export const scrollThrough = (page: Page): Promise<Frames> =>
  page.evaluate(async () => {
    const list = document.querySelector(".list")
    if (list === null) throw new Error("there is no list")
    const tasks: Array<number> = []
    const observer = new PerformanceObserver((entries) => {
      for (const { duration } of entries.getEntries()) tasks.push(duration)
    })
    observer.observe({ entryTypes: ["longtask"] })
    const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve))
    const times: Array<number> = []
    let before = await frame()
    for (let index = 0; index < 90; index++) {
      list.scrollTop = ((list.scrollHeight - list.clientHeight) * index) / 90
      const now = await frame()
      times.push(now - before)
      before = now
    }
    observer.disconnect()
    list.scrollTop = 0
    return { median: times.sort((a, b) => a - b)[45] ?? 0, longestTask: Math.max(0, ...tasks) }
  })
