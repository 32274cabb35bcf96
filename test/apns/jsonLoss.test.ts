/** What `JSON.parse` changes without a word, in payloads: it is told, with its place, and never sent. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { ApnsFile, PayloadInspection } from "effect-apns"

const lost: ReadonlyArray<readonly [string, string, RegExp, number]> = [
  ["an integer above 2^53", '{"id":9007199254740993}', /a number with more digits/, 7],
  ["one of a database", '{"id": 1234567890123456789}', /more digits/, 8],
  ["a negative one", '{"id":-9007199254740993}', /more digits/, 7],
  ["a fraction of too many digits", '{"x":0.12345678901234567890}', /more digits/, 6],
  ["a large number with an exponent", '{"x":1234567890123456789e3}', /more digits/, 6],
  ["a number too small", '{"x":1e-400}', /more digits|out of range/, 6],
  ["one in a list", '{"x":[1,[2,9007199254740993]]}', /more digits/, 12],
  ["a key that stands twice", '{"a":1,"a":1}', /the key "a", which stands there twice/, 8],
  ["one in two spellings", '{"aps":{"badge":1,"b\\u0061dge":2}}', /the key "badge", which stands there twice/, 19],
  ["one after an object of the same key", '{"a":{"a":1},"a":2}', /twice/, 14]
]

const kept = [
  '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}',
  '{"id":9007199254740992,"n":-9007199254740991}',
  '{"x":1.10,"y":100,"z":1e3,"w":1.5E+2,"v":0.1,"u":-0.0,"t":0e5,"s":12e-1}',
  '{"x":123456789012345680000}',
  '{"x":0.30000000000000004}',
  '{"x":1.7976931348623157e308}',
  '{"x":5e-324}',
  '{"id":"9007199254740993","__proto__":{"a":1},"constructor":2}',
  '{"":1," ":2}'
]

describe("a payload's text", () => {
  it.each(lost)("with %s is refused", (_, source, told, column) => {
    for (const read of [PayloadInspection.read, PayloadInspection.readValue]) {
      const result = read(source)
      if (Result.isSuccess(result)) return assert.fail(`read as ${JSON.stringify(result.success)}`)
      assert.match(result.failure.message, told)
      if (result.failure.position !== undefined) assert.deepStrictEqual(result.failure.position, { line: 1, column })
    }
    const file = ApnsFile.read(source.replace(/\}$/, ',"aps":{}}'))
    assert.isTrue(Result.isFailure(file))
  })

  it.each(kept)("is read as it stands: %s", (source) => {
    assert.deepStrictEqual(Result.getOrThrow(PayloadInspection.read(source)), JSON.parse(source))
  })

  it.effect.prop("is read as JSON.parse reads it, whatever JavaScript wrote", { json: Schema.Json }, ({ json }) =>
    Effect.sync(() => {
      const source = JSON.stringify(json)
      assert.deepStrictEqual(Result.getOrThrow(PayloadInspection.readValue(source)), JSON.parse(source))
    })
  )

  it.effect.prop(
    "keeps every integer exactly, or says that it does not",
    { high: Schema.Int, low: Schema.Int, shift: Schema.Literals([0n, 10n, 20n, 53n]) },
    ({ high, low, shift }) =>
      Effect.sync(() => {
        const integer = (BigInt(high) << shift) + BigInt(low)
        const isKept = JSON.stringify(Number(integer)) === String(integer)
        assert.strictEqual(Result.isSuccess(PayloadInspection.readValue(String(integer))), isKept)
      })
  )
})
