import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { compile } from "../../../packages/cli/src/bulk/template.ts"

const render = (payload: object, values: Readonly<Record<string, unknown>>) => {
  const json = compile(payload).render((name) => values[name])
  return Result.isSuccess(json) ? JSON.parse(json.success) : json.failure
}

describe("template", () => {
  it("puts values into texts", () => {
    const payload = {
      aps: { alert: { title: "Hi {{name}}", body: '{{a}}{{ b }}, you "are" {{a}}' } },
      list: ["{{a}}!", 1, null]
    }
    assert.deepStrictEqual(render(payload, { name: 'Zoë "Z"\n', a: 1, b: true }), {
      aps: { alert: { title: 'Hi Zoë "Z"\n', body: '1true, you "are" 1' } },
      list: ["1!", 1, null]
    })
  })

  it("keeps the type of a value that stands alone", () => {
    const payload = { aps: { badge: "{{count}}" }, more: ["{{object}}", "{{nothing}}", "{{text}}"] }
    assert.deepStrictEqual(render(payload, { count: 3, object: { a: [1] }, nothing: null, text: "3" }), {
      aps: { badge: 3 },
      more: [{ a: [1] }, null, "3"]
    })
  })

  it("reads a text as JSON where it is asked to", () => {
    assert.deepStrictEqual(render({ badge: "{{count:json}}" }, { count: "3" }), { badge: 3 })
    assert.deepStrictEqual(render({ badge: "{{count:json}}" }, { count: 3 }), { badge: 3 })
    const wrong = {
      column: "count",
      problem: "is not JSON: expected a value, and {{count:json}} in aps.badge asks for JSON"
    }
    assert.deepStrictEqual(render({ aps: { badge: "{{count:json}}" } }, { count: "three" }), wrong)
  })

  it("says which value is missing, and where it belongs", () => {
    const payload = { aps: { alert: { body: "Hi {{name}}" } }, list: [{ x: "{{name}}" }] }
    const missing = { column: "name", problem: "is missing, and the template has it in aps.alert.body" }
    assert.deepStrictEqual(render(payload, {}), missing)
    const object = { column: "name", problem: "is an object, which the text in aps.alert.body cannot hold" }
    assert.deepStrictEqual(render(payload, { name: {} }), object)
  })

  it("names what it reads, each once", () => {
    assert.deepStrictEqual(compile({ a: "{{x}}", b: "{{y:json}} {{x}}", c: "{{ first name }}" }).names, [
      "x",
      "y:json",
      "first name"
    ])
    assert.deepStrictEqual(compile({ a: "{x} {{}} }}{{" }).names, [])
  })

  it("leaves what has no values as it is", () => {
    const payload = { aps: { alert: "50 % {off}", "content-available": 1 }, nested: [[], {}, [1.5, "\u2028"]] }
    assert.deepStrictEqual(render(payload, {}), payload)
  })
})
