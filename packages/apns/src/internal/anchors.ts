/**
 * The certificates that a connection trusts.
 */
import * as Tls from "node:tls"

type Pem = string | ReadonlyArray<string>

const list = (pem: Pem): ReadonlyArray<string> => (typeof pem === "string" ? [pem] : pem)

/** `extraCa` beside `ca`, or beside the runtime's. `undefined` stands for these alone. */
export const anchors = (ca: Pem | undefined, extraCa: Pem | undefined): Pem | undefined =>
  extraCa === undefined ? ca : [...(ca === undefined ? Tls.getCACertificates("default") : list(ca)), ...list(extraCa)]
