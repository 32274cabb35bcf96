/** The version in the package's own description. */
import { readFileSync } from "node:fs"

export const version: string = (() => {
  const found: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  const text = typeof found === "object" && found !== null && "version" in found ? found.version : undefined
  return typeof text === "string" ? text : "unknown"
})()
