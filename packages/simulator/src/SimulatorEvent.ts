/**
 * What happens in a running simulator, as it happens.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Channel } from "./Channel.ts"
import { ConnectionInfo, SentGoAway } from "./ConnectionInfo.ts"
import { DeviceInfo } from "./Device.ts"
import { Received } from "./Received.ts"
import { ScenarioInfo } from "./Scenario.ts"
import { ClockInfo } from "./SimulatorClock.ts"

/**
 * One event.
 *
 * **Details**
 *
 * - `started`: the first one of every stream: requests with ids above `lastId` follow as events.
 * - `received`: a request arrived; its answer is already known unless it is `pending`.
 * - `updated`: a request known before has got its answer, or its delivery changed.
 * - `cleared`: the requests kept were forgotten.
 * - `connectionOpened`, `connectionClosed`, `goAway` (one was sent). `connectionChanged`: it was bound to a credential, or
 *   its limit was changed.
 * - `deviceChanged`: a device was registered or changed its state, or what is stored for it changed. `deviceForgotten`: one of
 *   them. `devicesCleared`: all.
 * - `channelChanged`: a channel was made, got a message to keep, or was deleted. `channelsCleared`: all channels, and the
 *   capabilities switched, were forgotten.
 * - `capabilityChanged`: an app's broadcast capability was switched.
 * - `scenarioChanged`: a scenario or a fault was added, switched, or is spent. `scenarioRemoved`.
 * - `clockChanged`: the clock was moved.
 * - `gap`: the stream was read too slowly and so many events were left out. Ask for what matters again.
 *
 * @category models
 * @since 0.1.0
 */
export const SimulatorEvent = Schema.TaggedUnion({
  started: { lastId: Schema.Int },
  received: { received: Received },
  updated: { received: Received },
  cleared: {},
  connectionOpened: { connection: ConnectionInfo },
  connectionChanged: { connection: ConnectionInfo },
  connectionClosed: { connection: ConnectionInfo },
  goAway: { connection: Schema.Int, goAway: SentGoAway },
  deviceChanged: { device: DeviceInfo },
  deviceForgotten: { token: Schema.String },
  devicesCleared: {},
  channelChanged: { change: Schema.Literals(["created", "stored", "deleted"]), channel: Channel },
  channelsCleared: {},
  capabilityChanged: { bundleId: Schema.String, enabled: Schema.Boolean },
  scenarioChanged: { scenario: ScenarioInfo },
  scenarioRemoved: { id: Schema.String },
  clockChanged: { clock: ClockInfo },
  gap: { missed: Schema.Int }
})

/**
 * @category models
 * @since 0.1.0
 */
export type SimulatorEvent = typeof SimulatorEvent.Type
