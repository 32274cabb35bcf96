/** Opening a page in the user's browser. */
import { spawn } from "node:child_process"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { style } from "../Style.ts"

/** The system's command that opens a page. */
const commandOf = (platform: NodeJS.Platform, url: string): readonly [string, ReadonlyArray<string>] => {
  if (platform === "darwin") return ["open", [url]]
  // The first argument in quotes is the title of a window.
  return platform === "win32" ? ["cmd", ["/c", "start", '""', url]] : ["xdg-open", [url]]
}

/** Opens the page; where that fails, says on standard error which page it is. It never fails itself. */
export const openInBrowser = (url: string, platform: NodeJS.Platform = process.platform): Effect.Effect<void> =>
  Effect.callback<boolean>((resume) => {
    const [command, args] = commandOf(platform, url)
    const child = spawn(command, args, { stdio: "ignore", detached: true })
    child.once("error", () => resume(Effect.succeed(false)))
    child.once("close", (code) => resume(Effect.succeed(code === 0)))
    // Some browsers run on as the command itself: they outlive this program.
    child.unref()
  }).pipe(
    Effect.flatMap((opened) =>
      opened
        ? Effect.void
        : Effect.flatMap(style("stderr"), ({ warn }) =>
            Console.error(`${warn("!")} No browser could be opened. The web inbox is at ${url}`)
          )
    )
  )
