/** What may be wrong with the files that a profile names. */
import { stat } from "node:fs/promises"
import * as Effect from "effect/Effect"
import { codeOf } from "../input.ts"
import { type Setting, settings } from "../Settings.ts"

export interface FileWarning {
  /** The setting that names the file. */
  readonly setting: string
  /** Whether it can be read, if by too many. */
  readonly readable: boolean
  readonly problem: string
  readonly cure: string
}

/** Files with private keys; a certificate authority is no secret. */
const secret: ReadonlySet<string> = new Set([
  settings.keyFile.flag,
  settings.certificateFile.flag,
  settings.certificateKeyFile.flag
])

const files = Object.values<Setting>(settings).filter(({ file }) => file === true)

const warningOf = async (setting: string, path: string): Promise<FileWarning | undefined> => {
  try {
    const { mode } = await stat(path)
    const open = process.platform !== "win32" && secret.has(setting) && (mode & 0o077) !== 0
    return open
      ? { setting, readable: true, problem: `${path} can be read by others`, cure: `Run: chmod 600 ${path}` }
      : undefined
  } catch (cause) {
    const problem = codeOf(cause) === "ENOENT" ? "does not exist" : `cannot be read (${codeOf(cause)})`
    return {
      setting,
      readable: false,
      problem: `${path} ${problem}`,
      cure: `Put the file there, or name another with --${setting}.`
    }
  }
}

export const fileWarnings = (profile: Readonly<Record<string, string>>): Effect.Effect<ReadonlyArray<FileWarning>> =>
  Effect.promise(async () => {
    const found = await Promise.all(
      files.map(({ flag }) => {
        const path = profile[flag]
        return path === undefined ? undefined : warningOf(flag, path)
      })
    )
    return found.filter((warning) => warning !== undefined)
  })
