/** Modules that run in turn in a process, and what each of them said on stderr. */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { mark } from "./inTurn.ts"

const program = fileURLToPath(new URL("./inTurn.ts", import.meta.url))

/**
 * What each module said on stderr, why it failed included, as soon as it is done. Whatever ends the process, or keeps it
 * for longer than `patienceMillis`, is the fault of the module that was running: those after it run in another process.
 */
export const runInTurn = (
  files: ReadonlyArray<string>,
  { cwd, patienceMillis }: { readonly cwd: string; readonly patienceMillis: number }
): ReadonlyArray<Promise<string>> => {
  const told: Array<(text: string) => void> = []
  const said = files.map(
    (_, index) =>
      new Promise<string>((resolve) => {
        told[index] = resolve
      })
  )
  const runFrom = (first: number) => {
    if (first >= files.length) return
    const child = spawn(process.execPath, [program, ...files.slice(first)], {
      cwd,
      stdio: ["ignore", "ignore", "pipe"]
    })
    let index = first
    let text = ""
    const kill = () => {
      text += `It has not ended after ${patienceMillis} ms.\n`
      child.kill("SIGKILL")
    }
    let timer = setTimeout(kill, patienceMillis)
    child.stderr.setEncoding("utf8").on("data", (more: string) => {
      const [own = "", ...others] = (text + more).split(mark)
      text = own
      for (const next of others) {
        told[index++]?.(text)
        text = next
        clearTimeout(timer)
        timer = setTimeout(kill, patienceMillis)
      }
    })
    child.on("close", (code, signal) => {
      clearTimeout(timer)
      if (index >= files.length) return
      told[index]?.(`${text}It ended the process with ${signal ?? `code ${code}`}.\n`)
      runFrom(index + 1)
    })
  }
  runFrom(0)
  return said
}
