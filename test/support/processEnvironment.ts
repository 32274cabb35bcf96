import { tmpdir } from "node:os"
import { join } from "node:path"

/**
 * Of a process of Node that a test starts. Compiling modules is most of what a short one does, so Node keeps what it has
 * compiled, by content, for all of them.
 */
export const processEnvironment: NodeJS.ProcessEnv = {
  NODE_COMPILE_CACHE: join(tmpdir(), "effect-apns-compiled"),
  ...process.env
}
