/** `apns channels create`, `list` and `read`. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ApnsError } from "effect-apns"
import { type ChannelStorage, Channels, maximumChannels } from "effect-apns/Channels"
import type { Failure } from "../Failure.ts"
import { type SettingFlags, settingsLayer } from "../Settings.ts"
import { type Style, style } from "../Style.ts"
import { table } from "../table.ts"
import { eachChannel, namedChannels, type Outcome, toldTogether } from "./each.ts"

type Flags = SettingFlags & { readonly json: boolean }

/** Connected with the settings of the flags. */
export const managed = <A, E>(
  flags: SettingFlags,
  use: (channels: Channels["Service"]) => Effect.Effect<A, E>
): Effect.Effect<A, E | ApnsError | Failure> =>
  Effect.flatMap(Channels, use).pipe(Effect.provide(Channels.layerConfig().pipe(Layer.provide(settingsLayer(flags)))))

const storages = { none: "none", "most-recent": "mostRecent" } as const satisfies Record<string, ChannelStorage>

const storageName = (storage: ChannelStorage): keyof typeof storages => (storage === "none" ? "none" : "most-recent")

export const create = ({ json, storage, ...flags }: Flags & { readonly storage: keyof typeof storages }) =>
  managed(flags, (channels) => channels.create({ storage: storages[storage] })).pipe(
    Effect.flatMap(({ channel, requestId }) =>
      Console.log(json ? JSON.stringify({ channel, storage, requestId }, null, 2) : channel)
    )
  )

const counted = (count: number, one: string, many: string) =>
  `${count.toLocaleString("en-GB")} ${count === 1 ? one : many}`

export const list = ({ json, ...flags }: Flags) =>
  Effect.gen(function* () {
    const { channels, requestId } = yield* managed(flags, (manage) => manage.list())
    const remaining = Math.max(0, maximumChannels - channels.length)
    if (json) {
      return yield* Console.log(JSON.stringify({ channels, remaining, maximum: maximumChannels, requestId }, null, 2))
    }
    if (channels.length > 0) yield* Console.log(channels.join("\n"))
    const { faint } = yield* style("stderr")
    yield* Console.error(
      faint(`${counted(channels.length, "channel", "channels")}; ${counted(remaining, "more", "more")} can be made.`)
    )
  })

interface Read {
  readonly storage: string
  readonly requestId: string
}

const readTable = (outcomes: ReadonlyArray<Outcome<Read>>, { strong }: Style): string =>
  table(
    ["CHANNEL", "STORAGE"],
    outcomes.flatMap(({ channel, done }) => (done === undefined ? [] : [[channel, done.storage]])),
    strong
  )

export const read = ({ channels: given, json, ...flags }: Flags & { readonly channels: ReadonlyArray<string> }) =>
  Effect.gen(function* () {
    const names = yield* namedChannels(given)
    const outcomes = yield* managed(flags, (channels) =>
      eachChannel(names, (channel) =>
        Effect.map(
          channels.read(channel),
          ({ requestId, storage }): Read => ({ storage: storageName(storage), requestId })
        )
      )
    )
    yield* toldTogether(outcomes, { json, text: readTable })
  })
