/** One request: from the headers of its stream to what the rules and the scenarios make of it. */
import * as http2 from "node:http2"
import { statusOf } from "../Reasons.ts"
import type { Answer } from "../Received.ts"
import type { FaultEffect } from "../Scenario.ts"
import type { Connection } from "./connection.ts"
import { lastStreamIdOf, perform } from "./effects.ts"
import type { Entry } from "./entry.ts"
import { millisOf } from "./random.ts"
import { type ReadRequest, readRequest } from "./request.ts"
import { judge } from "./rules.ts"
import type { ActiveScenario } from "./scenarios.ts"
import { received, type State, tellDevice, tellUpdated } from "./state.ts"
import { type Accepted, type Judgement, rejected, type Verdict } from "./verdict.ts"

const keptBodyBytes = 65_536

const nothing: Buffer = Buffer.alloc(0)
const nothingRead: Array<string> = []

export class Exchange {
  readonly state: State
  readonly connection: Connection
  readonly stream: http2.ServerHttp2Stream
  readonly id: number
  #rawHeaders: Array<string>
  #body: Buffer = nothing
  #bodyBytes = 0
  /** Set once the request is whole. */
  entry: Entry | undefined
  verdict: Verdict | undefined
  /** Whether the request has its effect, whatever becomes of its answer. */
  #processed = false

  constructor(state: State, connection: Connection, stream: http2.ServerHttp2Stream, rawHeaders: Array<string>) {
    this.state = state
    this.connection = connection
    this.stream = stream
    this.id = stream.id ?? 0
    this.#rawHeaders = rawHeaders
    stream.on("data", (chunk: Buffer) => this.#collect(chunk))
    stream.on("end", () => {
      if (!stream.aborted && !stream.destroyed && !connection.isIgnored(this.id)) this.#arrived(undefined)
    })
    const { idleTimeoutMillis } = state.settings
    if (idleTimeoutMillis !== undefined) {
      state.later(idleTimeoutMillis, () => {
        if (this.entry !== undefined || !connection.isAnswerable(stream)) return
        this.#arrived(rejected("IdleTimeout"))
        // RFC 9113, section 8.1: a whole answer before the whole request asks for no more of it.
        stream.close(http2.constants.NGHTTP2_NO_ERROR)
      })
    }
  }

  /** Notes what became of the request; the first note counts. */
  log(answer: Answer): void {
    const { entry, state } = this
    if (entry === undefined || !state.log.answer(entry, answer)) return
    tellUpdated(state, entry)
    state.onSettled?.(received(state, entry), this.#processed)
  }

  /** The stream is no more. */
  closed(): void {
    if (this.entry?.isPending) this.log({ _tag: "unanswered", why: "closed" })
  }

  /** The rest of a body without end is counted and dropped: it must not fill the memory. */
  #collect(chunk: Buffer): void {
    if (this.#bodyBytes === 0 && chunk.length <= keptBodyBytes) this.#body = chunk
    else if (this.#body.length < keptBodyBytes) {
      this.#body = Buffer.concat([this.#body, chunk.subarray(0, keptBodyBytes - this.#body.length)])
    }
    this.#bodyBytes += chunk.length
  }

  #arrived(refusal: Verdict | undefined): void {
    if (this.entry !== undefined) return
    const { state, connection } = this
    const request = readRequest(
      connection.listener,
      this.#rawHeaders,
      this.#body.toString("utf8"),
      this.#bodyBytes,
      connection.lastFields
    )
    connection.lastFields = request.fields
    this.#body = nothing
    this.#rawHeaders = nothingRead
    const judgement = refusal === undefined ? judgeOn(connection, request) : { verdict: refusal, credential: undefined }
    const { verdict, credential } = judgement
    const scenario = state.scenarios.isEmpty ? undefined : state.scenarios.take(request)
    const effect = scenario?.scenario.effect
    if (credential?._tag === "accepted" && !isRefusal(effect)) connection.raiseLimit()
    const { authorization } = request
    const token = authorization === undefined ? undefined : connection.trust.seenToken(authorization)?.received
    const entry = state.log.add(request, connection.id, this.id, state.now(), token)
    this.entry = entry
    this.verdict = verdict
    if (verdict._tag === "rejected") entry.rule = verdict.rule
    this.#take(request, entry, verdict, scenario)
    const delay = scenario?.scenario.delayMillis
    this.#after(delay === undefined ? 0 : millisOf(delay, scenario?.random ?? Math.random), () =>
      perform(this, scenario)
    )
    if (!state.events.isHeard) return
    entry.told = true
    state.events.publish({ _tag: "received", received: received(state, entry) })
    if (scenario?.isSpent) state.events.publish({ _tag: "scenarioChanged", scenario: scenario.info })
  }

  /** What the request leaves behind: in the log, at the device, in the channels. */
  #take(request: ReadRequest, entry: Entry, verdict: Verdict, scenario: ActiveScenario | undefined): void {
    const { state } = this
    if (scenario !== undefined) entry.scenario = { id: scenario.scenario.id, name: scenario.name }
    const isProcessed = verdict._tag === "accepted" && isDone(scenario?.scenario.effect, this.id)
    this.#processed = isProcessed
    if (isProcessed && verdict.change !== undefined) this.#change(verdict.change)
    const { device } = request
    if (device === undefined || device === "") return
    entry.deviceState = state.devices.find(device)?.state ?? "unknown"
    state.devices.note(device, entry)
    if (!isProcessed) return
    const replaced = state.devices.deliver(device, request.topic ?? "", entry, state.now())
    if (replaced !== undefined) tellUpdated(state, replaced)
    if (entry.delivery !== undefined) tellDevice(state, device)
  }

  #change(change: NonNullable<Accepted["change"]>): void {
    const { channels, events } = this.state
    channels.apply(change)
    if (!events.isHeard) return
    const told = { create: "created", delete: "deleted", publish: "stored" } as const
    const { channel } = change
    const now = change._tag === "publish" ? { ...channel, message: change.message } : channel
    events.publish({ _tag: "channelChanged", change: told[change._tag], channel: now })
  }

  #after(millis: number, action: () => void): void {
    if (millis > 0) this.state.later(millis, action)
    else action()
  }
}

const judgeOn = (connection: Connection, request: ReadRequest): Judgement =>
  connection.isRefusing
    ? { verdict: rejected("Shutdown"), credential: undefined }
    : judge(request, connection.ruleContext)

const isRefusal = (effect: FaultEffect | undefined): boolean =>
  effect?._tag === "reject" && (effect.status ?? statusOf(effect.reason)) === 403

/** Whether the request has its effect all the same. */
const isDone = (effect: FaultEffect | undefined, id: number): boolean => {
  switch (effect?._tag) {
    case "reject":
    case "respond":
      return false
    case "reset":
      return effect.code !== http2.constants.NGHTTP2_REFUSED_STREAM
    case "goAway":
      return id <= lastStreamIdOf(effect, id)
    default:
      return true
  }
}
