import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/command.ts",
    reporters: ["default", "./test/support/summary.ts"],
    expect: { poll: { timeout: 60_000 } },
    // What is logged is of interest where a test fails.
    silent: "passed-only",
    // Far beyond what any test takes: a machine that is busy with something else is no failure.
    testTimeout: 120_000,
    // Many tests wait, for processes of their own and for time to pass: a worker for each core leaves a third of it idle.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    // Half of the time went into loading effect anew for each file. Tests leave nothing behind in a module.
    isolate: false,
    hookTimeout: 120_000,
    // The processes that tests start load the library compiled: that is most of what the short ones do.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/compiled", import.meta.url)) }
  }
})
