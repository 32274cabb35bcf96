import { defineConfig } from "vite"

// `simulator` is the inbox port of a running simulator, for work on the page: `SIMULATOR=http://127.0.0.1:8197 vite`.
const simulator = process.env.SIMULATOR

export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    // Beside the simulator's own build, where its server looks for the page.
    outDir: "../simulator/dist/inbox",
    emptyOutDir: true,
    target: "baseline-widely-available",
    // The page's policy allows no data: URLs, and the module preload polyfill is for browsers long gone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true
  },
  ...(simulator === undefined ? {} : { server: { proxy: { "/api": simulator } } })
})
