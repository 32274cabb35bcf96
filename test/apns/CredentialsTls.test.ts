import { readFileSync } from "node:fs"
import { join } from "node:path"
import { connect, createServer, type PeerCertificate } from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as Credentials from "effect-apns/Credentials"

const fixture = (name: string) => readFileSync(join(import.meta.dirname, "../fixtures/certificates", name))

/** A TLS server that demands a client certificate of the fake authority; resolves with the one it was shown. */
const handshake = (credentials: Credentials.CertificateCredentials) =>
  Effect.callback<PeerCertificate, Error>((resume) => {
    const server = createServer({
      cert: fixture("ec.pem"),
      key: fixture("ec.key.pem"),
      ca: [fixture("root.pem"), fixture("intermediate.pem")],
      requestCert: true,
      rejectUnauthorized: true
    })
    server.on("tlsClientError", (error) => resume(Effect.fail(error)))
    server.on("secureConnection", (socket) => {
      resume(Effect.succeed(socket.getPeerCertificate()))
      socket.end()
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" ? (address?.port ?? 0) : 0
      const client = connect({
        port,
        host: "127.0.0.1",
        cert: credentials.certificate,
        key: Redacted.value(credentials.privateKey),
        // The server's certificate is not what is tested.
        rejectUnauthorized: false
      })
      client.on("error", (error) => resume(Effect.fail(error)))
      client.resume()
    })
    return Effect.sync(() => server.close())
  })

describe("certificate: TLS", () => {
  it.live.each(["keychain.p12", "modern.p12", "with-chain.p12", "ec.p12"])("%s signs a handshake as client", (name) =>
    Effect.gen(function* () {
      const credentials = yield* Credentials.certificate({
        p12: fixture(name),
        passphrase: Redacted.make("correct horse battery")
      })
      const peer = yield* handshake(credentials)
      assert.strictEqual(peer.fingerprint256, credentials.fingerprint)
    })
  )
})
