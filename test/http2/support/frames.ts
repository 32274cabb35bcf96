/**
 * Frames and header blocks as a server writes them. It shares no code with the engine, so that a mistake of the one is
 * not mirrored by the other.
 */
import { Buffer } from "node:buffer"

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
}

export const types = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9
} as const

const typeNames = Object.entries(types)

/** A frame in words, for messages of failed expectations. */
export const describe = ({ type, flags, streamId, payload }: Frame): string => {
  const name = typeNames.find(([, value]) => value === type)?.[0] ?? `type ${type}`
  return `${name} flags=${flags} stream=${streamId} ${payload.toString("hex").slice(0, 80)}`
}

export const frame = (type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer => {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, payload])
}

export const uint32 = (...values: ReadonlyArray<number>): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4)
  })
  return bytes
}

export interface SettingsValues {
  readonly headerTableSize?: number
  readonly enablePush?: number
  readonly maxConcurrentStreams?: number
  readonly initialWindowSize?: number
  readonly maxFrameSize?: number
  readonly maxHeaderListSize?: number
}

const settingIds: ReadonlyArray<readonly [keyof SettingsValues, number]> = [
  ["headerTableSize", 1],
  ["enablePush", 2],
  ["maxConcurrentStreams", 3],
  ["initialWindowSize", 4],
  ["maxFrameSize", 5],
  ["maxHeaderListSize", 6]
]

export const settingsPayload = (values: SettingsValues): Buffer =>
  Buffer.concat(
    settingIds.flatMap(([name, id]) => {
      const value = values[name]
      if (value === undefined) return []
      const bytes = Buffer.alloc(6)
      bytes.writeUInt16BE(id, 0)
      bytes.writeUInt32BE(value, 2)
      return [bytes]
    })
  )

/** An integer with a 7-bit prefix (RFC 7541, 5.1). */
const length = (value: number): Buffer => {
  if (value < 127) return Buffer.from([value])
  const octets = [127]
  let rest = value - 127
  for (; rest >= 128; rest >>>= 7) octets.push((rest & 127) | 128)
  return Buffer.from([...octets, rest])
}

/** A header block of literals without indexing (RFC 7541, 6.2.2); with `index`, they enter the table (6.2.1). */
export const block = (fields: ReadonlyArray<readonly [string, string]>, index = false): Buffer =>
  Buffer.concat(
    fields.flatMap(([name, value]) => [
      Buffer.from([index ? 0x40 : 0]),
      length(Buffer.byteLength(name, "latin1")),
      Buffer.from(name, "latin1"),
      length(Buffer.byteLength(value, "latin1")),
      Buffer.from(value, "latin1")
    ])
  )

/** Cuts bytes into frames; what is left over is an incomplete one. */
export const parse = (bytes: Buffer): { readonly frames: ReadonlyArray<Frame>; readonly rest: Buffer } => {
  const frames: Array<Frame> = []
  let at = 0
  while (bytes.length - at >= 9) {
    const end = at + 9 + bytes.readUIntBE(at, 3)
    if (end > bytes.length) break
    frames.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      streamId: bytes.readUInt32BE(at + 5),
      payload: Buffer.from(bytes.subarray(at + 9, end))
    })
    at = end
  }
  return { frames, rest: bytes.subarray(at) }
}
