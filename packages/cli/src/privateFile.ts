/**
 * Files that only their owner may read, written whole or not at all.
 *
 * @since 0.1.0
 */
import { link, lstat, open, realpath, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import { ExitCode } from "./ExitCode.ts"
import { badInput, Failure } from "./Failure.ts"
import { codeOf } from "./input.ts"

const cures: Record<string, string> = {
  ENOENT: "Make the directory first.",
  EACCES: "Name a directory that you may write to.",
  EPERM: "Name a directory that you may write to.",
  EROFS: "Name a directory that you may write to.",
  ENOSPC: "Free some space on the disk."
}

const cannotWrite = (path: string, cause: unknown): Failure => {
  const code = codeOf(cause)
  return new Failure({
    problem: `${path} cannot be written (${code})`,
    cure: cures[code] ?? "Check the path and the disk.",
    exitCode: ExitCode.failed,
    cause
  })
}

/** The file that a link leads to, so that a link stays one. */
const targetOf = async (path: string): Promise<string> => {
  try {
    return await realpath(path)
  } catch {
    return path
  }
}

const writeWhole = async (path: string, text: string, replace: boolean) => {
  const target = await targetOf(path)
  const temporary = join(dirname(target), `.apns-${process.pid}-${Date.now()}`)
  try {
    const file = await open(temporary, "wx", 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    // A link cannot replace a file that came meanwhile; a rename does.
    await (replace ? rename(temporary, target) : link(temporary, target))
  } finally {
    await rm(temporary, { force: true })
  }
}

/**
 * Writes a file with mode 600: through a file beside it, so that nobody ever sees half of it. Fails where there is one
 * already, unless `replace` is true; `cure` then says what to do.
 *
 * @category constructors
 * @since 0.1.0
 */
export const writePrivately = (
  path: string,
  text: string,
  { replace, cure }: { readonly replace: boolean; readonly cure?: string | undefined }
): Effect.Effect<void, Failure> =>
  Effect.gen(function* () {
    const found = yield* Effect.promise(() => lstat(path).catch(() => undefined))
    if (found !== undefined && !replace) return yield* badInput(`${path} exists already`, cure)
    if (found !== undefined && !found.isFile() && !found.isSymbolicLink()) {
      return yield* badInput(`${path} is no regular file`, "Name a file.")
    }
    yield* Effect.tryPromise({
      try: () => writeWhole(path, text, replace),
      catch: (cause) =>
        codeOf(cause) === "EEXIST" ? badInput(`${path} exists already`, cure) : cannotWrite(path, cause)
    })
  })
