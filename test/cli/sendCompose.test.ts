/** The payload that the flags of `apns send` make. */
import { assert, describe, it } from "@effect/vitest"
import { Option, Result, type Schema } from "effect"
import { type ContentFlags, compose } from "../../packages/cli/src/send/compose.ts"

const none: ContentFlags = {
  title: Option.none(),
  subtitle: Option.none(),
  body: Option.none(),
  badge: Option.none(),
  sound: Option.none(),
  threadId: Option.none(),
  category: Option.none(),
  interruptionLevel: Option.none(),
  relevanceScore: Option.none(),
  mutableContent: false,
  contentAvailable: false,
  data: []
}

const some = Option.some
const composed = (flags: Partial<ContentFlags>, file?: Schema.JsonObject) =>
  Result.getOrThrow(compose({ ...none, ...flags }, file, undefined))

describe("compose", () => {
  it.each<[string, Partial<ContentFlags>, Schema.JsonObject | undefined, Schema.JsonObject]>([
    ["nothing of nothing", {}, undefined, {}],
    ["a body alone is the alert", { body: some("a") }, undefined, { aps: { alert: "a" } }],
    [
      "text beside a title is an object",
      { title: some("t"), body: some("a") },
      undefined,
      { aps: { alert: { title: "t", body: "a" } } }
    ],
    [
      "a title joins plain text",
      { title: some("t") },
      { aps: { alert: "a" } },
      { aps: { alert: { body: "a", title: "t" } } }
    ],
    [
      "a body goes over another",
      { body: some("b") },
      { aps: { alert: { title: "t", body: "a" } } },
      { aps: { alert: { title: "t", body: "b" } } }
    ],
    [
      "a file alone stays as it is",
      {},
      { aps: { alert: null, x: [1] }, y: {} },
      { aps: { alert: null, x: [1] }, y: {} }
    ],
    ["no aps where none is needed", { data: ["a=b"] }, { call: 1 }, { call: 1, a: "b" }],
    ["empty text is text", { body: some("") }, undefined, { aps: { alert: "" } }],
    ["a badge of 0 removes one", { badge: some(0) }, { aps: { badge: 3 } }, { aps: { badge: 0 } }],
    [
      "a sound in JSON",
      { sound: some('{"name":"a","critical":1}') },
      undefined,
      { aps: { sound: { name: "a", critical: 1 } } }
    ],
    ["what is no dictionary is left for the check", { badge: some(1) }, { aps: [] }, { aps: [] }],
    [
      "data: text, JSON, objects",
      { data: ["a=1=2", "b:=[1]", 'c:="x"', '{"d":{"e":null}}', "f="] },
      undefined,
      { a: "1=2", b: [1], c: "x", d: { e: null }, f: "" }
    ],
    ["data: the last one counts", { data: ["a=1", "a=2"] }, undefined, { a: "2" }]
  ])("%s", (_, flags, file, expected) => {
    assert.deepStrictEqual(composed(flags, file), expected)
  })

  it.each([
    ["novalue"],
    ["=x"],
    [":=1"],
    ["a:="],
    ['a:=1,"b":2'],
    ['a:=1,"value":2'],
    ["a:=1e999"],
    ["{"],
    ['{"aps":{}}'],
    ["aps=x"]
  ])("refuses --data %s", (data) => {
    const result = compose({ ...none, data: [data] }, undefined, undefined)
    assert(Result.isFailure(result))
    assert.strictEqual(result.failure.exitCode, 2)
  })

  it("puts in what a push type always has, unless a file says what there is", () => {
    const background = compose(none, undefined, "background")
    assert.deepStrictEqual(Result.getOrThrow(background), { aps: { "content-available": 1 } })
    assert.deepStrictEqual(Result.getOrThrow(compose(none, { aps: {} }, "background")), { aps: {} })
  })
})
