/**
 * The control API of a running simulator: JSON over HTTP on a port of its own, for the web inbox, for tests in any language and
 * for `curl`. `/openapi.json` describes it.
 *
 * @since 0.1.0
 */

import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Channel, NewChannel } from "./Channel.ts"
import { ConnectionInfo } from "./ConnectionInfo.ts"
import {
  ClockState,
  Info,
  LiveEvent,
  ReceivedDetail,
  ReceivedFilter,
  ReceivedPage,
  ScenarioInput,
  Stats,
  WaitResult
} from "./ControlModel.ts"
import { Device, DeviceInfo } from "./Device.ts"
import { InboxSummary } from "./Inbox.ts"
import { Fault, Scenario, ScenarioInfo } from "./Scenario.ts"
import { ClockChange } from "./SimulatorClock.ts"

/**
 * There is nothing under this name, or not any more.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotFound extends Schema.TaggedError<NotFound>()(
  "NotFound",
  { message: Schema.String },
  { httpApiStatus: 404 }
) {}

/**
 * The simulator cannot do this as it was started or as things are.
 *
 * @category errors
 * @since 0.1.0
 */
export class Impossible extends Schema.TaggedError<Impossible>()(
  "Impossible",
  { message: Schema.String },
  { httpApiStatus: 409 }
) {}

const describe = (summary: string, description?: string) =>
  OpenApi.annotations(description === undefined ? { summary } : { summary, description })

const id = { id: Schema.Int }
const token = { token: Schema.String.check(Schema.isMaxLength(512)) }
const name = { id: Schema.NonEmptyString.check(Schema.isMaxLength(128)) }
const empty = Schema.Struct({})
const uint32 = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffffffff }))

const ReceivedGroup = HttpApiGroup.make("received")
  .add(
    HttpApiEndpoint.get("list", "/received", {
      query: {
        ...ReceivedFilter.fields,
        before: Schema.optionalKey(Schema.Int),
        limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 })))
      },
      success: ReceivedPage
    }).annotateMerge(describe("Received requests, newest first", "`limit` defaults to 100.")),
    HttpApiEndpoint.get("whole", "/received/whole", {
      query: {
        ...ReceivedFilter.fields,
        before: Schema.optionalKey(Schema.Int),
        order: Schema.optionalKey(Schema.Literals(["newest", "oldest"])),
        limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 })))
      },
      success: Schema.Array(ReceivedDetail)
    }).annotateMerge(
      describe(
        "Received requests, whole",
        "`limit` defaults to 100, `order` to `newest`; page on with `before`, or with `after` from the oldest."
      )
    ),
    HttpApiEndpoint.get("summary", "/received/summary", { success: InboxSummary }).annotateMerge(
      describe("How many requests are kept, and which")
    ),
    HttpApiEndpoint.get("get", "/received/:id", { params: id, success: ReceivedDetail, error: NotFound }).annotateMerge(
      describe("One received request, whole")
    ),
    HttpApiEndpoint.delete("clear", "/received", { success: HttpApiSchema.NoContent }).annotateMerge(
      describe("Forgets every received request and the counts")
    ),
    HttpApiEndpoint.get("waitFor", "/wait-for", {
      query: {
        ...ReceivedFilter.fields,
        count: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 }))),
        timeout: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 300_000 })))
      },
      success: WaitResult
    }).annotateMerge(
      describe(
        "Waits until matching requests have been answered",
        "Those received already count; give `after` to wait for new ones only. A request counts once its outcome is " +
          "known. `timeout` is in milliseconds and defaults to 10000; `count` defaults to 1."
      )
    ),
    HttpApiEndpoint.post("replay", "/received/:id/replay", {
      params: id,
      payload: empty,
      success: ReceivedDetail,
      error: [NotFound, Impossible]
    }).annotateMerge(
      describe(
        "Sends a request again",
        "The simulator sends it to itself over a new connection: the same path, headers and body, and in place of the " +
          "original's credential, which is not kept, a provider token signed with the simulator's own key. It is judged " +
          "and listed as any other."
      )
    ),
    HttpApiEndpoint.get("export", "/received/:id/export", {
      params: id,
      query: { as: Schema.Literals(["curl", "apns", "typescript"]) },
      success: Schema.String.pipe(HttpApiSchema.asText()),
      error: [NotFound, Impossible]
    }).annotateMerge(describe("A request as a curl command, as a simctl .apns file, or as TypeScript with effect-apns"))
  )
  .annotateMerge(describe("What was received"))

const DevicesGroup = HttpApiGroup.make("devices")
  .add(
    HttpApiEndpoint.get("list", "/devices", { success: Schema.Array(DeviceInfo) }).annotateMerge(
      describe("Device tokens, registered or seen")
    ),
    HttpApiEndpoint.post("register", "/devices", { payload: Device, success: DeviceInfo }).annotateMerge(
      describe("Registers a device token with its state, in place of an earlier one")
    ),
    HttpApiEndpoint.patch("change", "/devices/:token", {
      params: token,
      payload: Schema.Struct({ online: Schema.Boolean }),
      success: DeviceInfo,
      error: NotFound
    }).annotateMerge(describe("Takes a device offline or online")),
    HttpApiEndpoint.delete("remove", "/devices/:token", {
      params: token,
      success: HttpApiSchema.NoContent,
      error: NotFound
    }).annotateMerge(describe("Forgets a registered device"))
  )
  .annotateMerge(describe("Devices"))

const ScenariosGroup = HttpApiGroup.make("scenarios")
  .add(
    HttpApiEndpoint.get("list", "/scenarios", { success: Schema.Array(ScenarioInfo) }).annotateMerge(
      describe("Scenarios with what they did so far")
    ),
    HttpApiEndpoint.put("put", "/scenarios/:id", {
      params: name,
      payload: ScenarioInput,
      success: ScenarioInfo
    }).annotateMerge(
      describe("Adds a scenario, or puts it in place of the one with this id and begins its counts anew")
    ),
    HttpApiEndpoint.patch("change", "/scenarios/:id", {
      params: name,
      payload: Schema.Struct({ enabled: Schema.Boolean }),
      success: ScenarioInfo,
      error: NotFound
    }).annotateMerge(describe("Switches a scenario on or off; its counts stay")),
    HttpApiEndpoint.delete("remove", "/scenarios/:id", {
      params: name,
      success: HttpApiSchema.NoContent,
      error: NotFound
    }).annotateMerge(describe("Forgets a scenario")),
    HttpApiEndpoint.post("load", "/scenarios", {
      payload: Schema.Union([Scenario, Schema.Array(Scenario)]),
      success: Schema.Array(ScenarioInfo)
    }).annotateMerge(describe("Puts the scenarios of a file, given as its content", "Others stay.")),
    HttpApiEndpoint.post("inject", "/faults", {
      payload: Fault,
      success: HttpApiSchema.NoContent
    }).annotateMerge(describe("Adds a fault, which is forgotten once it is spent")),
    HttpApiEndpoint.delete("clearFaults", "/faults", {
      success: HttpApiSchema.NoContent
    }).annotateMerge(describe("Forgets the faults that still wait; scenarios stay"))
  )
  .annotateMerge(describe("Faults as data"))

const ChannelsGroup = HttpApiGroup.make("channels")
  .add(
    HttpApiEndpoint.get("list", "/channels", { success: Schema.Array(Channel) }).annotateMerge(
      describe("Broadcast channels of every app")
    ),
    HttpApiEndpoint.post("create", "/channels", { payload: NewChannel, success: Channel }).annotateMerge(
      describe("Makes a channel")
    ),
    HttpApiEndpoint.put("capability", "/capabilities/:app", {
      params: { app: Schema.NonEmptyString.check(Schema.isMaxLength(512)) },
      payload: Schema.Struct({ broadcast: Schema.Boolean }),
      success: HttpApiSchema.NoContent
    }).annotateMerge(
      describe("Switches an app's broadcast capability", "Switching it off deletes the app's channels, as at Apple.")
    )
  )
  .annotateMerge(describe("Broadcast channels"))

/** One connection, or every open one. */
const connection = { connection: Schema.optionalKey(Schema.Int) }

const ConnectionsGroup = HttpApiGroup.make("connections")
  .add(
    HttpApiEndpoint.get("list", "/connections", { success: Schema.Array(ConnectionInfo) }).annotateMerge(
      describe("Connections, newest first", "Open ones and the 200 closed last.")
    ),
    HttpApiEndpoint.post("goAway", "/connections/go-away", {
      payload: Schema.Struct({
        ...connection,
        code: Schema.optionalKey(uint32),
        lastStreamId: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0x7fffffff }))),
        debugData: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(8_192)))
      }),
      success: HttpApiSchema.NoContent,
      error: NotFound
    }).annotateMerge(describe("Sends GOAWAY on one connection, or on every open one")),
    HttpApiEndpoint.post("disconnect", "/connections/disconnect", {
      payload: Schema.Struct(connection),
      success: HttpApiSchema.NoContent,
      error: NotFound
    }).annotateMerge(describe("Destroys the socket of one connection, or of every one")),
    HttpApiEndpoint.post("setMaxConcurrentStreams", "/connections/max-concurrent-streams", {
      payload: Schema.Struct({ ...connection, limit: uint32 }),
      success: HttpApiSchema.NoContent,
      error: NotFound
    }).annotateMerge(describe("Sends a new stream limit on one connection, or on every open one"))
  )
  .annotateMerge(describe("Connections"))

const ClockGroup = HttpApiGroup.make("clock")
  .add(
    HttpApiEndpoint.get("read", "/clock", { success: ClockState }).annotateMerge(describe("The simulator's clock")),
    HttpApiEndpoint.post("move", "/clock", { payload: ClockChange, success: ClockState }).annotateMerge(
      describe(
        "Moves the clock",
        "By `advance`, or to run so far ahead of the machine's (`offset`; negative: behind; 0: as the machine's), or to a " +
          "time (`set`). Delays stay real."
      )
    )
  )
  .annotateMerge(describe("Time"))

/** One frame of the event stream, as `text/event-stream` carries it. */
const events = HttpApiSchema.StreamSse({ data: LiveEvent })

const SystemGroup = HttpApiGroup.make("system")
  .add(
    HttpApiEndpoint.get("info", "/info", { success: Info }).annotateMerge(
      describe("What to point a client at, and what holds for this process")
    ),
    HttpApiEndpoint.get("stats", "/stats", { success: Stats }).annotateMerge(
      describe("Counts, and the last ten minutes by the second")
    ),
    HttpApiEndpoint.get("events", "/events", {
      headers: { "last-event-id": Schema.optionalKey(Schema.String) },
      success: events,
      error: Impossible
    }).annotateMerge(
      describe(
        "What happens, as server-sent events",
        "The `event` field is always `message`; `data` is JSON with a `_tag`. Send `Last-Event-ID` to go on where a " +
          "stream ended."
      )
    )
  )
  .annotateMerge(describe("The process"))

/**
 * The control API.
 *
 * **When to use**
 *
 * Use with `HttpApiClient.make` for a typed client of a simulator that runs in another process.
 *
 * @category models
 * @since 0.1.0
 */
export const ControlApi = HttpApi.make("apns-simulator")
  .add(ReceivedGroup, DevicesGroup, ScenariosGroup, ChannelsGroup, ConnectionsGroup, ClockGroup, SystemGroup)
  .middleware(HttpApiMiddleware.ProblemDetails)
  .prefix("/api")
  .annotateMerge(
    OpenApi.annotations({
      title: "APNs simulator",
      version: "0.1.0",
      description: "Control of a local Apple Push Notification service: what it received, and how it behaves."
    })
  )
