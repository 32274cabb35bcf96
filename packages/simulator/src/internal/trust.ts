/** What a connection has shown of itself: its client certificate, the tokens it brought, and what it is bound to. */
import type { TLSSocket } from "node:tls"
import type { ConnectionInfo } from "../ConnectionInfo.ts"
import type { ReceivedToken } from "../Received.ts"
import { type ClientCertificate, readClientCertificate } from "./clientCertificate.ts"
import {
  type Binding,
  judgeCertificate,
  judgeToken,
  minUpdateSeconds,
  type Outcome,
  type TokenLedger
} from "./credential.ts"
import { bearer } from "./providerToken.ts"
import { type SeenToken, type State, seeToken } from "./state.ts"

export class Trust {
  readonly #state: State
  readonly #onBound: () => void
  readonly #certificate: { readonly read: ClientCertificate | undefined; readonly trusted: boolean } | undefined
  #binding: Binding | undefined
  #ledger: TokenLedger = new Map()
  /** Until when no token is good: too many were brought. */
  #lockedUntil = Number.NEGATIVE_INFINITY
  /** The last `authorization` header, what it is, and the version of the keys then. */
  #authorization = ""
  #seen: SeenToken | undefined
  #seenVersion = -1

  constructor(state: State, socket: TLSSocket, onBound: () => void) {
    this.#state = state
    this.#onBound = onBound
    const { clientCa } = state.settings
    const der = socket.getPeerX509Certificate()?.raw
    if (der === undefined) return
    this.#certificate = { read: readClientCertificate(der), trusted: clientCa === undefined || socket.authorized }
    const outcome = this.certificateOutcome()
    if (outcome?._tag === "accepted") this.#binding = outcome.binding
  }

  get binding(): ConnectionInfo["binding"] {
    const binding = this.#binding
    if (binding?._tag === "certificate") return { _tag: "certificate", topics: binding.topics }
    return binding && { _tag: "token", teamId: binding.key.teamId, keyId: binding.key.keyId }
  }

  /** The newest token. */
  get token(): ReceivedToken | undefined {
    return this.#seen?.received
  }

  /** Whether the certificate is good; `undefined` without one. */
  certificateOutcome(): Outcome | undefined {
    const certificate = this.#certificate
    if (certificate === undefined) return undefined
    return judgeCertificate(certificate.read, certificate.trusted, this.#ledger, this.#state.settings)
  }

  /** Judges the credential of a request with this `authorization` header. */
  judge(authorization: string | undefined): Outcome {
    const state = this.#state
    const { settings } = state
    const fromCertificate = this.certificateOutcome()
    if (fromCertificate !== undefined) return fromCertificate
    if (settings.trust === "certificate" || authorization === undefined) {
      return { _tag: "refused", fault: "MissingProviderToken" }
    }
    const now = state.now()
    if (now < this.#lockedUntil) return { _tag: "refused", fault: "TooManyProviderTokenUpdates" }
    const scope = settings.tokenUpdateScope
    const shared = scope === "key" || scope === "team"
    const ledger = shared ? state.ledger : this.#ledger
    const outcome = judgeToken(this.seenToken(authorization)?.verified, this.#binding, ledger, now, settings)
    if (outcome._tag === "accepted") {
      if (shared) state.ledger = outcome.ledger
      else if (scope === "connection") this.#ledger = outcome.ledger
      this.#bind(outcome.binding)
    } else if (settings.tokenUpdatesLockConnection && outcome.fault === "TooManyProviderTokenUpdates") {
      this.#lockedUntil = now + minUpdateSeconds * 1_000
    }
    return outcome
  }

  /** What a token is; a connection brings the same one again and again. */
  seenToken(authorization: string): SeenToken | undefined {
    const { keysVersion } = this.#state
    if (authorization === this.#authorization && keysVersion === this.#seenVersion) return this.#seen
    const token = bearer(authorization)
    if (token === undefined) return undefined
    this.#authorization = authorization
    this.#seenVersion = keysVersion
    this.#seen = seeToken(this.#state, token)
    return this.#seen
  }

  forgetTokenUpdates(): void {
    this.#ledger = new Map()
    this.#lockedUntil = Number.NEGATIVE_INFINITY
  }

  #bind(binding: Binding): void {
    const isNew = this.#binding === undefined
    this.#binding = binding
    if (isNew) this.#onBound()
  }
}
