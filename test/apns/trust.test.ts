import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Tls from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, Layer, Result, Schedule } from "effect"
import { Apns, ApnsConnection, type Config, Notification, send } from "effect-apns"
import { anchors } from "../../packages/apns/src/internal/anchors.ts"
import { classify } from "../../packages/apns/src/internal/connectFailure.ts"
import { parsePins, pinOf } from "../../packages/apns/src/internal/pins.ts"
import { identity } from "../../packages/simulator/src/internal/identity.ts"
import { connectProxy, urlOf } from "../support/proxies.ts"
import { clientOf, device } from "../support/simulated.ts"

const fixture = (name: string) => readFileSync(join(import.meta.dirname, "../fixtures/certificates", name), "utf8")

const hello = Notification.alert({ device: device(), alert: "Hello" })

/** A client that has to be told whom to trust. */
const client = Effect.map(Simulator, (simulator) => {
  const { environment, ...rest } = clientOf(simulator)
  return { ...rest, environment: { ...environment, ca: undefined }, retry: Schedule.recurs(0) }
})

const sent = (options: Partial<Config>) =>
  Effect.flatMap(client, (client) => send(hello).pipe(Effect.provide(Apns.layer({ ...client, ...options }))))

const failed = (options: Partial<Config>) =>
  Effect.map(Effect.flip(sent(options)), ({ reason }) => {
    assert(reason._tag === "ConnectionFailed")
    return reason
  })

const run = Effect.provide(Simulator.layer())

const root = Effect.map(Simulator, ({ ca }) => ca)
const stranger = fixture("root.pem")
const pin = (pem: string) => pinOf(new X509Certificate(pem))

describe("own authorities", () => {
  it.live("ca is trusted", () =>
    root.pipe(
      Effect.flatMap((ca) => sent({ ca })),
      run
    )
  )
  it.live("extraCa is trusted", () =>
    root.pipe(
      Effect.flatMap((extraCa) => sent({ extraCa })),
      run
    )
  )
  it.live("extraCa is trusted beside ca", () =>
    root.pipe(
      Effect.flatMap((extraCa) => sent({ ca: [stranger], extraCa: [extraCa] })),
      run
    )
  )
  it.live("the ca of a server goes before that of the connection", () =>
    Effect.gen(function* () {
      yield* sent({ environment: clientOf(yield* Simulator).environment, ca: stranger })
    }).pipe(run)
  )

  for (const options of [{}, { ca: stranger }, { extraCa: stranger }]) {
    it.live(`without them, the error names the check and both settings: ${Object.keys(options)}`, () =>
      Effect.gen(function* () {
        const reason = yield* failed(options)
        assert.deepStrictEqual([reason.step, reason.action], ["tls", "fixConfig"])
        assert.include(reason.problem, "issuer of the server's certificate is not known")
        assert.match(reason.cure, /`extraCa`.*`ca`/)
      }).pipe(run)
    )
  }

  it("extraCa stands beside the runtime's, ca instead of them", () => {
    const [a = "", b = "", c = ""] = Tls.rootCertificates
    const trusted = (ca: string | undefined, extraCa: string | ReadonlyArray<string> | undefined) =>
      Result.getOrThrow(anchors(ca, extraCa, "ca"))
    assert.isUndefined(trusted(undefined, undefined))
    assert.strictEqual(trusted(a, undefined), a)
    assert.deepStrictEqual(trusted(a, [b, c]), [a, b, c])
    assert.deepStrictEqual(trusted(undefined, b), [...Tls.getCACertificates("default"), b])
  })

  const [good = ""] = Tls.rootCertificates
  for (const [what, pem] of [
    ["the path of a file", "/etc/ssl/certs/ca.pem"],
    ["nothing", ""],
    ["no text at all", []],
    ["a key", "-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----\n"],
    ["a damaged certificate", good.replace(/[A-Za-z0-9+/]{20}\n/, "\n")],
    ["a certificate and something else", [good, "garbage"]]
  ] as const) {
    it.live(`are refused when the layer is built where they are ${what}`, () =>
      Effect.gen(function* () {
        for (const setting of ["ca", "extraCa", "environment.ca", "proxy.ca"]) {
          const server = { host: "127.0.0.1", port: 1 }
          const settings: Readonly<Record<string, Parameters<typeof ApnsConnection.layer>[0]>> = {
            "environment.ca": { environment: { ...server, ca: pem } },
            "proxy.ca": { environment: server, proxy: { url: "https://127.0.0.1:1", ca: pem } }
          }
          const layer = ApnsConnection.layer(settings[setting] ?? { environment: server, [setting]: pem })
          const { message, reason } = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
          assert(reason._tag === "InvalidConfiguration")
          assert.strictEqual(reason.setting, setting)
          assert.match(reason.cure, /-----BEGIN CERTIFICATE-----/)
          assert.notInclude(message, "MIG")
        }
      })
    )
  }
})

describe("pins", () => {
  const server = Effect.promise(identity)

  it.live("the pin of the server's own key is enough, in each spelling", () =>
    Effect.gen(function* () {
      const { ca, certificate } = yield* server
      for (const mark of ["", "sha256/", "sha256//"]) {
        yield* sent({ ca, pins: [`${mark}${pin(stranger)}`, `${mark}${pin(certificate)}`] })
      }
    }).pipe(run)
  )

  it("a hash that itself begins with a slash keeps it", () => {
    const hash = `/${"A".repeat(42)}=`
    for (const mark of ["", "sha256/", "sha256//"]) {
      assert.deepStrictEqual(Result.getOrThrow(parsePins([`${mark}${hash}`])), [hash])
    }
  })

  it.live("so is that of the authority, which the server does not send", () =>
    Effect.gen(function* () {
      const { ca } = yield* server
      yield* sent({ ca, pins: [pin(ca)] })
    }).pipe(run)
  )

  it.live("the wrong one fails before anything is sent; the error has the pins that were seen", () =>
    Effect.gen(function* () {
      const { ca, certificate } = yield* server
      const reason = yield* failed({ ca, pins: [pin(stranger)] })
      assert.deepStrictEqual([reason.step, reason.action, reason.outcome], ["tls", "fixConfig", "unsent"])
      assert.include(reason.problem, `none of the pins (it has ${pin(certificate)}, ${pin(ca)})`)
      assert.include(reason.cure, "`pins`")
      assert.deepStrictEqual(yield* Effect.flatMap(Simulator, ({ received }) => received), [])
    }).pipe(run)
  )

  it.live("hold when the runtime is told to trust everybody", () =>
    Effect.gen(function* () {
      const { certificate } = yield* server
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"
        }),
        () =>
          Effect.sync(() => {
            delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
          })
      )
      yield* sent({ pins: [pin(certificate)] })
      const reason = yield* failed({ pins: [pin(stranger)] })
      assert.include(reason.problem, "none of the pins")
    }).pipe(run)
  )

  it.live("are checked through a proxy, too", () =>
    Effect.gen(function* () {
      const { ca, certificate } = yield* server
      const { port } = yield* connectProxy("http")
      const proxy = urlOf("http", port)
      yield* sent({ ca, proxy, pins: [pin(certificate)] })
      const reason = yield* failed({ ca, proxy, pins: [pin(stranger)] })
      assert.include(reason.problem, "none of the pins")
    }).pipe(run)
  )

  it.live("do not count when the server merely sends a certificate that has them", () =>
    Effect.gen(function* () {
      const { ca, certificate, key } = yield* server
      const written: Array<Buffer> = []
      const forger = Tls.createServer({ cert: certificate + stranger, key, ALPNProtocols: ["h2"] }, (socket) => {
        socket.on("error", () => {})
        socket.on("data", (data) => written.push(data))
      })
      const port = yield* Effect.acquireRelease(
        Effect.callback<number>((resume) => {
          forger.listen(0, "127.0.0.1", () => {
            const address = forger.address()
            resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
          })
        }),
        () => Effect.sync(() => forger.close())
      )
      const reason = yield* failed({ ca, port, pins: [pin(stranger)] })
      assert.include(reason.problem, "none of the pins")
      assert.deepStrictEqual(written, [])
    }).pipe(run)
  )

  const wrong: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
    [[], /pins is empty/],
    [["abc"], /index 0/],
    [[`${"A".repeat(43)}=`, "sha1/AAAA"], /index 1/]
  ]
  it.effect.each(wrong)("%j is refused", ([pins, problem]) =>
    Effect.gen(function* () {
      const layer = ApnsConnection.layer({ environment: "production", pins })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.strictEqual(error.reason._tag, "InvalidConfiguration")
      assert.match(error.message, problem)
    })
  )
})

describe("the checks of TLS, in words", () => {
  const cases: ReadonlyArray<readonly [code: string, problem: RegExp, cure: RegExp]> = [
    ["CERT_HAS_EXPIRED", /expired/, /clock/],
    ["CERT_NOT_YET_VALID", /not valid yet/, /clock/],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", /self-signed/, /extraCa/],
    ["SELF_SIGNED_CERT_IN_CHAIN", /root .* not trusted/, /extraCa/],
    ["UNABLE_TO_GET_ISSUER_CERT", /issuer .* not known/, /extraCa/],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", /issuer .* not known/, /extraCa/],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", /issuer .* not known/, /extraCa/],
    ["CERT_UNTRUSTED", /not trusted/, /extraCa/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", /another host name/, /a name that the certificate holds/],
    ["HOSTNAME_MISMATCH", /another host name/, /a name that the certificate holds/],
    ["CERT_REVOKED", /revoked/, /who really answers/],
    ["CERT_REJECTED", /not for servers/, /who really answers/],
    ["CERT_SIGNATURE_FAILURE", /signature .* wrong/, /who really answers/],
    ["CERT_CHAIN_TOO_LONG", /too long/, /who really answers/],
    ["INVALID_CA", /no authority/, /who really answers/],
    ["INVALID_PURPOSE", /not one for servers/, /who really answers/],
    ["PATH_LENGTH_EXCEEDED", /longer than/, /who really answers/]
  ]
  it.each(cases)("%s", (code, problem, cure) => {
    const failure = classify(Object.assign(new Error(code), { code }), "tls")
    assert.deepStrictEqual([failure.step, failure.transient], ["tls", false])
    assert.match(failure.problem, problem)
    assert.match(failure.cure, cure)
  })

  it("knows OpenSSL's reason in an EPROTO", () => {
    const message =
      "write EPROTO 40DD:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:x.c:77:"
    const failure = classify(Object.assign(new Error(message), { code: "EPROTO" }), "tls")
    assert.deepStrictEqual([failure.problem, failure.transient], ["the server does not speak TLS", false])
  })
})
