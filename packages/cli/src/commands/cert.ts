/** `apns cert`: certificate files, looked at and converted. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { lazily } from "../Ending.ts"
import { fileArgument, fileFlag } from "../FileParam.ts"
import { settingFlags } from "../Settings.ts"

const json = Flag.Boolean("json").pipe(Flag.withDefault(false), Flag.withDescription("Print JSON"))

const file = fileArgument("file").pipe(Argument.withDescription("A .p12, PEM or .cer file; - reads standard input"))

const fileFlags = {
  certificateKeyFile: settingFlags.certificateKeyFile,
  passphraseFile: fileFlag("passphrase-file").pipe(
    Flag.withDescription(
      "A file whose first line is the passphrase; without, APNS_CERTIFICATE_PASSPHRASE, or a terminal is asked"
    ),
    Flag.optional
  )
}

const inspect = Command.make(
  "inspect",
  { file, json, ...fileFlags },
  lazily(async () => (await import("../cert/inspect.ts")).inspect)
).pipe(
  Command.withDescription(
    "Tell what a certificate file is: topics, environments, team, expiry, chain, whether its key is there, and all that " +
      "is wrong with it. Exit code 1 when it cannot be used, 2 when it cannot be read."
  ),
  Command.withShortDescription("Tell what a certificate file is, and what is wrong with it"),
  Command.withExamples([
    { command: "apns cert inspect push.p12", description: "Asks for the passphrase if it needs one" },
    { command: "apns cert inspect aps.cer --certificate-key-file key.pem", description: "A key in a file of its own" }
  ])
)

const convert = Command.make(
  "convert",
  {
    file,
    out: fileFlag("out").pipe(Flag.withDescription("The PEM file to write; - writes to a pipe, never to a terminal")),
    force: Flag.Boolean("force").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Replace the file if there is one")
    ),
    json,
    ...fileFlags
  },
  lazily(async () => (await import("../cert/convert.ts")).convert)
).pipe(
  Command.withDescription(
    "Convert a .p12 of any age to PEM: the certificate, its chain, and its private key, not encrypted, in a file that only " +
      "you may read (mode 600)."
  ),
  Command.withShortDescription("Convert a .p12 to PEM"),
  Command.withExamples([{ command: "apns cert convert push.p12 --out push.pem" }])
)

export const cert = Command.make("cert").pipe(
  Command.withDescription("Look at certificate files, and convert them"),
  Command.withSubcommands([inspect, convert])
)
