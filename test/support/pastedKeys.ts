/** A key in the forms in which people have it: out of a file, a variable, a secret store, a terminal. */
const body = (pem: string) => pem.replaceAll(/-----.*-----|\s/g, "")
const base64 = (text: string) => Buffer.from(text).toString("base64")

export const pastedForms = (pem: string): Readonly<Record<string, string>> => ({
  PEM: pem,
  "PEM with CRLF": pem.replaceAll("\n", "\r\n"),
  "PEM on one line": pem.replaceAll("\n", " "),
  "escaped PEM": pem.replaceAll("\n", "\\n"),
  "quoted PEM": JSON.stringify(pem),
  "PEM without its END line": pem.slice(0, pem.indexOf("-----END")),
  "its body": body(pem),
  "a line of its body": body(pem).slice(0, 64),
  "another line of its body": body(pem).slice(64, 128),
  base64: base64(pem),
  "base64 in lines": base64(pem).replaceAll(/(.{76})/g, "$1\n"),
  "base64 without its end": base64(pem).replace(/=+$/, ""),
  base64url: Buffer.from(pem).toString("base64url"),
  "base64 of base64": base64(base64(pem)),
  "base64url of its DER": Buffer.from(body(pem), "base64").toString("base64url"),
  "a data: URI": `data:application/x-pem-file;base64,${base64(pem)}`,
  "JSON that has it": JSON.stringify({ type: "service_account", private_key: pem }),
  "base64 of JSON that has it": base64(JSON.stringify({ private_key: pem }))
})

/** What of such a text must not be seen: parts of it that are long enough to be told from others. */
export const partsOf = (text: string): ReadonlyArray<string> =>
  (text.match(/[A-Za-z0-9+/=_-]{24,}/g) ?? [])
    .filter((part) => !/^-+(?:BEGIN|END)/.test(part))
    .flatMap((part) => Array.from({ length: Math.floor(part.length / 24) }, (_, n) => part.slice(24 * n, 24 * n + 24)))
