/** The simulator's own provider key: a throw-away one, or one that a file keeps. */
import { generateKeyPairSync } from "node:crypto"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"

export const newProviderKey = (): string =>
  generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" }
  }).privateKey

/** Named as the files that Apple gives out. */
export const keyFileOf = (directory: string, keyId: string): string => join(directory, `AuthKey_${keyId}.p8`)

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT"

/** The key in a file; made there the first time, for its owner's eyes. */
export const keptProviderKey = async (file: string): Promise<string> => {
  try {
    return await readFile(file, "utf8")
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  const made = newProviderKey()
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(file, made, { mode: 0o600, flag: "wx" })
  return made
}
