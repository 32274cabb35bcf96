/** What to do about a finding, as a sentence: in the words of the command line where the library's are those of a program. */
import type { Certificate } from "effect-apns"

const cures: Partial<Record<string, string>> = {
  noKey:
    "Name the key with --certificate-key-file, or export certificate and key together as .p12 from Keychain Access",
  legacyEncryption: "apns cert convert makes a PEM file of it that every program reads"
}

export const cureOf = ({ cure, name }: Certificate.Finding): string => `${cures[name] ?? cure}.`
