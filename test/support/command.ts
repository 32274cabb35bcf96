/** Bundles the command once for a run of the tests, where its sources have changed since. */
import { globSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle } from "../../scripts/bundle.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

const changedAt = (pattern: string): number =>
  Math.max(0, ...globSync(pattern, { cwd: root }).map((file) => statSync(join(root, file)).mtimeMs))

export const setup = async (): Promise<void> => {
  const sources = ["packages/{http2,apns,simulator,delivery,cli}/{package.json,src/**/*.ts}", "scripts/bundle.ts"]
  const newest = Math.max(...sources.map(changedAt), changedAt("packages/simulator/dist/inbox/index.html"))
  if (changedAt("packages/cli/dist/main.js") < newest) await bundle()
}
