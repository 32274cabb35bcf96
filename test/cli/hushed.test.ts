import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { hushed } from "../../packages/cli/src/hushed.ts"

const p8 = readFileSync(join(import.meta.dirname, "../fixtures/certificates/AuthKey_FAKEKEY001.p8"), "utf8")
const bare = p8.replaceAll(/-----.*-----|\s/g, "")

describe("hushed", () => {
  it.each<readonly [text: string, said: string]>([
    [`The file ${p8} is not there`, "The file <PEM>\n is not there"],
    [`The file ${p8.slice(0, 100)}`, "The file <PEM>"],
    [`/srv/${bare} does not exist`, "/srv/<key> does not exist"],
    ['"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJBIn0.c2ln" is too much', '"<token>" is too much'],
    [`device ${"7a1f90".repeat(10)} is refused`, "device 7a1f90… is refused"]
  ])("takes the secret out: %#", (text, said) => {
    assert.strictEqual(hushed(text), said)
  })

  it.each([
    'there is no profile "work". There are: home, office.',
    `/home/somebody/${"a-long-folder/".repeat(20)}AuthKey_KEY1234567.p8 does not exist`,
    "apns-id 1A2B3C4D-0000-4000-8000-1A2B3C4D5E6F",
    "fingerprint AB:CD:EF"
  ])("leaves all else as it is: %s", (text) => {
    assert.strictEqual(hushed(text), text)
  })
})
