import { relative } from "node:path"
import type { Reporter, TestModule } from "vitest/node"

const seconds = (millis: number) => `${(millis / 1000).toFixed(1)} s`

/**
 * Closes a run with what took longest, and one plain line that any program can read. Where `CI` is set, a test that was
 * skipped is a failure: what it needs is to be installed there.
 */
export default class Summary implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<unknown>) {
    const count = { passed: 0, failed: unhandled.length, skipped: 0 }
    const skipped: Array<string> = []
    for (const module of modules) {
      // A file that cannot be loaded has no tests, and has failed all the same.
      if (module.state() === "failed" && [...module.children.allTests()].length === 0) count.failed++
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state !== "pending") count[state]++
        if (state === "skipped") skipped.push(`${relative(process.cwd(), module.moduleId)}: ${test.fullName}`)
      }
    }
    if (modules.length > 10) {
      const slowest = modules
        .map((module) => ({ file: relative(process.cwd(), module.moduleId), millis: module.diagnostic().duration }))
        .sort((one, other) => other.millis - one.millis)
        .slice(0, 10)
      console.log("The slowest ten files:")
      for (const { file, millis } of slowest) console.log(`${seconds(millis).padStart(8)}  ${file}`)
    }
    if ((process.env.CI ?? "") !== "" && skipped.length > 0) {
      console.log(`Skipped, which is a failure where CI is set:\n${skipped.map((test) => `  ${test}`).join("\n")}`)
      process.exitCode = 1
    }
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
  }
}
