/**
 * Seeded mutations of valid server dialogues, split at random byte boundaries, against a `Connection`.
 *
 * Invariants: nothing throws; every stream ends exactly once; the connection closes exactly once; what we write is made
 * of whole frames, opens no stream beyond the limit that was in force and stays bounded; a dialogue that was not mutated
 * is no error.
 *
 * `pnpm fuzz [cases] [seed]` runs more of them, and prints the seeds that fail.
 */
import { pathToFileURL } from "node:url"
import { Connection, type ConnectionError, type Ending, type Stream } from "@effect-apns/http2"
import { block, frame, parse, settingsPayload, types, uint32 } from "./support/frames.ts"

/** mulberry32: small, and the same everywhere. */
const randomOf = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

type Random = (below: number) => number

/** The part of the dialogue before any request, and the frames after it, for `count` requests. */
const dialogue = (random: Random, count: number) => {
  const limit = count + random(3)
  const greeting = [
    frame(
      types.settings,
      0,
      0,
      settingsPayload({ maxConcurrentStreams: limit, initialWindowSize: random(2) * 65_535 })
    ),
    frame(types.settings, 1, 0)
  ]
  /** What each stream gets; streams are then interleaved. */
  const scripts: Array<Array<Buffer>> = []
  for (let index = 0; index < count; index++) {
    const id = 1 + 2 * index
    const script: Array<Buffer> = []
    if (random(8) === 0) script.push(frame(types.headers, 4, id, block([[":status", "103"]])))
    if (random(4) === 0) script.push(frame(types.windowUpdate, 0, id, uint32(1 + random(1000))))
    const kind = random(10)
    if (kind === 0) {
      script.push(frame(types.rstStream, 0, id, uint32(random(14))))
    } else {
      const fields: Array<readonly [string, string]> = [
        [":status", String(200 + random(300))],
        ["apns-id", `id-${id}`],
        [`x-${random(4)}`, "v".repeat(random(random(10) === 0 ? 300 : 20))]
      ]
      const bytes = block(fields, random(2) === 0)
      const cut = random(bytes.length)
      const end = kind < 5 ? 1 : 0
      if (random(4) === 0) {
        // One frame after the other, as a header block is contiguous.
        script.push(
          Buffer.concat([
            frame(types.headers, end, id, bytes.subarray(0, cut)),
            frame(types.continuation, 4, id, bytes.subarray(cut))
          ])
        )
      } else {
        script.push(frame(types.headers, 4 | end, id, bytes))
      }
      if (end === 0) {
        for (let frames = random(3); frames > 0; frames--)
          script.push(frame(types.data, 0, id, Buffer.alloc(1 + random(200))))
        if (random(2) === 0) script.push(frame(types.headers, 5, id, block([["trailer", "t"]])))
        else script.push(frame(types.data, 9, id, Buffer.from([2, 0x61, 0, 0])))
      }
    }
    scripts.push(script)
  }
  const frames: Array<Buffer> = []
  let left = scripts.filter((script) => script.length > 0)
  while (left.length > 0) {
    const next = left[random(left.length)]?.shift()
    if (next !== undefined) frames.push(next)
    const other = random(12)
    if (other === 0) frames.push(frame(types.ping, random(2), 0, Buffer.alloc(8, random(256))))
    else if (other === 1) frames.push(frame(types.windowUpdate, 0, 0, uint32(1 + random(100_000))))
    else if (other === 2)
      frames.push(frame(types.settings, 0, 0, settingsPayload({ initialWindowSize: random(100_000) })))
    else if (other === 3) frames.push(frame(types.settings, 0, 0, settingsPayload({ headerTableSize: random(5000) })))
    else if (other === 4) frames.push(frame(random(2) === 0 ? types.priority : 0x20, 0, 1, Buffer.alloc(5)))
    left = left.filter((script) => script.length > 0)
  }
  if (random(4) === 0) {
    const lastStreamId = random(2) === 0 ? 2 ** 31 - 1 : random(count * 2)
    const goAway = frame(types.goAway, 0, 0, Buffer.concat([uint32(lastStreamId, random(14)), Buffer.from("bye")]))
    frames.splice(random(frames.length + 1), 0, goAway)
  }
  return { greeting, frames }
}

/** One change of a frame list. */
const mutateFrames = (frames: Array<Buffer>, random: Random) => {
  const at = random(frames.length)
  const one = frames[at]
  if (one === undefined) return
  switch (random(9)) {
    case 0:
      frames.splice(at, 1)
      break
    case 1:
      for (let copies = random(4); copies >= 0; copies--) frames.splice(random(frames.length), 0, one)
      break
    case 2:
      // Another type
      one[3] = random(12)
      break
    case 3:
      // Other flags
      one[4] = random(256)
      break
    case 4:
      // Another stream
      one.writeUInt32BE(random(5) === 0 ? random(2 ** 32) : random(20), 5)
      break
    case 5:
      // Another length
      one.writeUIntBE(random(5) === 0 ? random(2 ** 24) : random(40), 0, 3)
      break
    case 6:
      // Another payload of the same size
      for (let index = 9; index < one.length; index++) if (random(4) === 0) one[index] = random(256)
      break
    case 7:
      // A flood
      for (let copies = random(1500); copies > 0; copies--) frames.splice(at, 0, one)
      break
    default: {
      // A frame of nonsense
      const payload = Buffer.from(Array.from({ length: random(30) }, () => random(256)))
      frames.splice(at, 0, frame(random(11), random(256), random(12), payload))
    }
  }
}

const mutateBytes = (bytes: Buffer, random: Random): Buffer => {
  const at = random(bytes.length)
  const to = at + random(Math.min(30, bytes.length - at))
  switch (random(4)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8))
      return bytes
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)])
    case 2:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)])
    default:
      return bytes.subarray(0, at)
  }
}

/** The most that may be written in reply to one case: bodies and header blocks of 12 requests, and answers to floods. */
const maxWritten = 400_000
const prefaceLength = 24

/** Runs one case; throws when an invariant does not hold. */
export const fuzzCase = (seed: number): void => {
  const next = randomOf(seed)
  const random: Random = (below) => Math.floor(next() * below)
  const check = (condition: boolean, message: string) => {
    if (!condition) throw new Error(`seed ${seed}: ${message}`)
  }

  const endings: Array<Array<Ending>> = []
  const streams: Array<Stream> = []
  const closes: Array<ConnectionError | undefined> = []
  const written: Array<Buffer> = []
  let writtenLength = 0
  const mutated = random(10) !== 0
  const reentrant = random(3) === 0
  const connection = new Connection(
    { scheme: "https", authority: "a", maxConcurrentStreams: 20, maxHeaderListSize: 4096, maxBodySize: 1000 },
    {
      onWork: () => {},
      onReady: () => {},
      onCapacity: () => {
        check(connection.openable > 0, "capacity was reported, but no stream can be opened")
      },
      onGoAway: () => {},
      onClose: (error) => {
        closes.push(error)
      }
    }
  )
  const open = () => {
    const own: Array<Ending> = []
    endings.push(own)
    const before = connection.openStreams
    const { openable } = connection
    const body = [undefined, "", "text", Buffer.alloc(random(3000), 0x61)][random(4)]
    streams.push(
      connection.open(
        { method: "POST", path: `/${random(100)}`, fields: [["apns-id", "x", "literal"]], body },
        (ending) => {
          own.push(ending)
          check(own.length === 1, `a stream ended as ${own.map((one) => one._tag).join(", ")}`)
          if (!reentrant || !mutated) return
          const action = random(12)
          if (action === 0) streams[random(streams.length)]?.cancel()
          else if (action === 1 && endings.length < 40) open()
          else if (action === 2) connection.close()
          else if (action === 3 && random(4) === 0) connection.destroy("by a callback")
        }
      )
    )
    check(connection.openStreams <= before + Math.min(1, openable), "a stream was opened beyond the limit")
  }
  const drain = () => {
    connection.deliver()
    for (let bytes = connection.take(); bytes !== undefined; bytes = connection.take()) {
      written.push(Buffer.from(bytes))
      writtenLength += bytes.length
      connection.recycle()
      check(writtenLength < maxWritten, "too much was written")
    }
  }

  const count = 1 + random(6)
  const { greeting, frames } = dialogue(random, count)
  const mutations = mutated ? 1 + random(3) : 0
  let bytesMutated = 0
  for (let index = 0; index < mutations; index++) {
    if (random(3) === 0) bytesMutated++
    else mutateFrames(random(8) === 0 ? greeting : frames, random)
  }
  const first = Buffer.concat(greeting)
  let rest: Buffer = Buffer.concat(frames)
  for (let index = 0; index < bytesMutated && rest.length > 0; index++) rest = mutateBytes(rest, random)

  connection.receive(first)
  for (let index = 0; index < count; index++) open()
  if (random(3) !== 0) drain()
  const largest = [1, 8, 64, 4096][random(4)] ?? 1
  for (let at = 0; at < rest.length; ) {
    const size = rest.length > 20_000 ? 4096 : 1 + random(largest)
    connection.receive(rest.subarray(at, at + size))
    at += size
    const action = random(mutated ? 30 : 60)
    if (action < 5) drain()
    else if (action === 5 && mutated) streams[random(streams.length)]?.cancel()
    else if (action === 6 && endings.length < 40 && mutated) open()
    else if (action === 7) connection.ping(() => {})
    else if (action === 8 && random(20) === 0) connection.close()
    else if (action === 9 && random(20) === 0 && mutated) connection.destroy("by the test")
  }
  if (!mutated) {
    drain()
    check(closes[0] === undefined, `a valid dialogue was refused: ${closes[0]?.message}`)
    check(
      endings.every((own) => own.length === 1),
      "a valid dialogue left a stream open"
    )
  }
  connection.receiveEnd("the end")
  for (let turns = 0; turns < 4; turns++) drain()

  for (const own of endings) check(own.length === 1, `a stream has ${own.length} endings`)
  check(closes.length === 1, `the connection closed ${closes.length} times`)
  check(connection.openStreams === 0, "streams are open after the end")
  const output = Buffer.concat(written).subarray(prefaceLength)
  const sent = parse(output)
  check(sent.rest.length === 0, "what was written is not made of whole frames")
  let last = -1
  const finished = new Set<number>()
  for (const { type, flags, streamId } of sent.frames) {
    check(type !== types.data || !finished.has(streamId), "DATA was sent after END_STREAM")
    if (type <= types.headers && (flags & 1) !== 0) finished.add(streamId)
    if (type !== types.headers) continue
    check(streamId > last && streamId % 2 === 1, "stream identifiers are not odd and rising")
    last = streamId
  }
}

/** Runs cases of consecutive seeds; returns the seeds that failed, with their errors. */
export const fuzz = (cases: number, firstSeed: number): ReadonlyArray<readonly [seed: number, error: unknown]> => {
  const failures: Array<readonly [number, unknown]> = []
  for (let seed = firstSeed; seed < firstSeed + cases; seed++) {
    try {
      fuzzCase(seed)
    } catch (error) {
      failures.push([seed, error])
      if (failures.length === 20) break
    }
  }
  return failures
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const cases = Number(process.argv[2] ?? 1_000_000)
  const seed = Number(process.argv[3] ?? 1)
  const started = performance.now()
  const failures = fuzz(cases, seed)
  for (const [failed, error] of failures) console.error(`seed ${failed}:`, error)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const memory = Math.round(process.memoryUsage().rss / 1_048_576)
  console.log(`${cases} cases from seed ${seed}, ${failures.length} failures, ${seconds} s, ${memory} MiB`)
  process.exitCode = failures.length === 0 ? 0 : 1
}
