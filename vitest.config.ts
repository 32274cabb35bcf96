import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/command.ts",
    reporters: ["default", "./test/support/summary.ts"],
    expect: { poll: { timeout: 15_000 } },
    testTimeout: 20_000,
    // Many tests wait for processes of their own; by itself vitest leaves one core idle, which of two is half.
    maxWorkers: "100%",
    hookTimeout: 30_000
  }
})
