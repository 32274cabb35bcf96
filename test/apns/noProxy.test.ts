import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { isExempt } from "../../packages/apns/src/internal/noProxy.ts"

const apple = "api.push.apple.com"

describe("NO_PROXY", () => {
  const cases: ReadonlyArray<readonly [list: string, host: string, port: number, exempt: boolean]> = [
    ["", apple, 443, false],
    ["*", apple, 443, true],
    [apple, apple, 443, true],
    ["API.Push.Apple.COM", apple, 443, true],
    [apple, "API.PUSH.APPLE.COM.", 443, true],
    ["api.push.apple.com.", apple, 443, true],
    ["push.apple.com", apple, 443, true],
    [".push.apple.com", apple, 443, true],
    ["*.push.apple.com", apple, 443, true],
    [".api.push.apple.com", apple, 443, false],
    ["*.api.push.apple.com", apple, 443, false],
    ["apple.com", "pineapple.com", 443, false],
    ["push.apple", apple, 443, false],
    ["localhost, push.apple.com", apple, 443, true],
    ["localhost push.apple.com", apple, 443, true],
    [",, ,", apple, 443, false],
    [`${apple}:443`, apple, 443, true],
    [`${apple}:443`, apple, 2197, false],
    ["apple.com:2197", apple, 2197, true],
    ["127.0.0.1", "127.0.0.1", 8443, true],
    ["127.0.0.1:8443", "127.0.0.1", 8443, true],
    ["127.0.0.1:8443", "127.0.0.1", 8444, false],
    ["0.0.1", "127.0.0.1", 443, false],
    [".0.0.1", "127.0.0.1", 443, false],
    ["10.0.0.0/8", "10.200.3.4", 443, true],
    ["10.0.0.0/8", "11.0.0.1", 443, false],
    ["10.0.0.0/33", "10.0.0.1", 443, false],
    ["10.0.0.0/", "10.0.0.1", 443, false],
    ["10.0.0.0/8/8", "10.0.0.1", 443, false],
    ["10.0.0.0/8", "ten.example", 443, false],
    ["::1", "::1", 443, true],
    ["[::1]", "::1", 443, true],
    ["[::1]:443", "::1", 443, true],
    ["[::1]:443", "::1", 444, false],
    ["0:0:0:0:0:0:0:1", "::1", 443, true],
    ["fd00::/8", "fd12::1", 443, true],
    ["fd00::/8", "fe80::1", 443, false]
  ]
  it.each(cases)("%j and %s:%i: %s", (list, host, port, exempt) => {
    assert.strictEqual(isExempt(list, host, port), exempt)
  })

  const Label = Schema.String.check(Schema.isPattern(/^[a-z][a-z0-9]{0,8}$/))

  it.effect.prop(
    "covers a name and its subdomains, wherever it stands in the list, and nothing that merely ends like it",
    { first: Label, second: Label, sub: Label, others: Schema.Array(Label) },
    ({ first, others, second, sub }) =>
      Effect.sync(() => {
        const host = `${first}.${second}`
        const list = [...others.map((other) => `${other}.invalid`), host, "last.invalid"].join(",")
        assert.isTrue(isExempt(list, host, 443))
        assert.isTrue(isExempt(list, `${sub}.${host}`, 443))
        assert.isFalse(isExempt(host, `x${host}`, 443))
        assert.isFalse(isExempt(`.${host}`, host, 443))
      })
  )

  it.effect.prop("takes any text", { list: Schema.String, host: Schema.String }, ({ host, list }) =>
    Effect.sync(() => assert.isBoolean(isExempt(list, host, 443)))
  )
})
