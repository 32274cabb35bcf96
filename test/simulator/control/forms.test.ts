import { assert, describe, it } from "@effect/vitest"
import { exportOf, previewOf } from "@effect-apns/simulator"
import { Arbitrary, Effect } from "effect"
import * as Schema from "effect/Schema"
import { device, topic } from "../support.ts"

const target = { host: "127.0.0.1", port: 2197, managementPort: 2195 }

const push = (pushType: string, payload: unknown, headers: ReadonlyArray<readonly [string, string]> = []) => {
  const body = JSON.stringify(payload)
  return {
    kind: "device" as const,
    method: "POST",
    path: `/3/device/${device}`,
    headers: [[":method", "POST"] as const, ["authorization", "<redacted>"] as const, ...headers],
    body,
    bodyBytes: Buffer.byteLength(body),
    device,
    bundleId: undefined,
    topic,
    pushType
  }
}

const preview = (pushType: string, payload: unknown) => previewOf(push(pushType, payload))

describe("what a device would show", () => {
  it("is a banner for an alert", () => {
    assert.deepStrictEqual(
      preview("alert", {
        aps: {
          alert: { title: "T", subtitle: "S", body: "B" },
          badge: 3,
          sound: { critical: 1, name: "siren", volume: 1 },
          "thread-id": "chat",
          category: "INVITE",
          "interruption-level": "time-sensitive",
          "relevance-score": 0.5,
          "mutable-content": 1
        }
      }),
      {
        surface: "banner",
        title: "T",
        subtitle: "S",
        body: "B",
        localized: false,
        badge: 3,
        sound: "siren",
        critical: true,
        group: "chat",
        category: "INVITE",
        level: "time-sensitive",
        relevance: 0.5,
        mutable: true
      }
    )
  })

  it("is the body for a text, and the key where the app has the words", () => {
    assert.deepInclude(preview("alert", { aps: { alert: "Hi" } }), { surface: "banner", body: "Hi", localized: false })
    const localized = preview("alert", { aps: { alert: { "title-loc-key": "INVITE", "loc-key": "PLAY" } } })
    assert.deepInclude(localized, { title: "INVITE", body: "PLAY", localized: true })
  })

  it("is a Live Activity with its states, in a broadcast too", () => {
    const aps = { event: "update", timestamp: 5, "content-state": { minutes: 3 }, alert: { title: { "loc-key": "K" } } }
    const expected = { event: "update", timestamp: 5, contentState: { minutes: 3 } }
    assert.deepStrictEqual(preview("liveactivity", { aps })?.activity, expected)
    assert.strictEqual(preview("liveactivity", { aps })?.title, "K")
    const body = JSON.stringify({ aps })
    assert.deepStrictEqual(previewOf({ kind: "broadcast", body })?.activity, expected)
  })

  it("is nothing for pushes that wake code, and it says what they do", () => {
    for (const type of [
      "background",
      "voip",
      "complication",
      "controls",
      "fileprovider",
      "location",
      "mdm",
      "pushtotalk",
      "widgets"
    ]) {
      const shown = preview(type, { aps: { alert: "Hi" } })
      assert.strictEqual(shown?.surface, "unseen", type)
      assert.isString(shown?.why, type)
    }
    assert.strictEqual(preview("alert", { aps: { badge: 0 } })?.surface, "unseen")
    assert.strictEqual(preview("constructor", { aps: {} })?.surface, "unseen")
  })

  it("is nothing that can be said for a body that is no object, and for other requests", () => {
    for (const body of ["", "[]", "null", "{", '"aps"']) assert.isUndefined(previewOf({ kind: "device", body }), body)
    assert.isUndefined(previewOf({ kind: "management", body: "{}" }))
  })

  it.effect("never fails, whatever the payload", () =>
    Effect.gen(function* () {
      const payloads = Arbitrary.schema(Schema.Record(Schema.Literals(["aps", "x"]), Schema.Json))
      const result = yield* Arbitrary.checkEffect(payloads, (payload) => preview("alert", payload) !== undefined, {
        runs: 300
      })
      assert.strictEqual(result._tag, "Passed", Arbitrary.formatCheckFailure(result as never))
    })
  )
})

describe("a request in another form", () => {
  it("is a curl command for the shell", () => {
    const made = exportOf(push("alert", { aps: { alert: "It's" } }, [["apns-topic", topic]]), "curl", {
      ...target,
      caFile: "/a b/ca.pem"
    })
    assert.deepStrictEqual(made, {
      _tag: "text",
      text: `curl --http2 --cacert '/a b/ca.pem' --request 'POST' \\
  --header "authorization: bearer $APNS_TOKEN" \\
  --header 'apns-topic: ${topic}' \\
  --data-binary '{"aps":{"alert":"It'\\''s"}}' \\
  --globoff 'https://127.0.0.1:2197/3/device/${device}'
`
    })
  })

  it("goes to the management port where it belongs there", () => {
    const made = exportOf({ ...push("", {}), kind: "management", path: "/1/apps/a/channels" }, "curl", {
      ...target,
      host: "::1"
    })
    assert.include(made._tag === "text" ? made.text : "", "https://[::1]:2195/1/apps/a/channels")
  })

  it("is an .apns file for alerts and background pushes", () => {
    const made = exportOf(push("background", { aps: { "content-available": 1 } }), "apns", target)
    assert.deepStrictEqual(JSON.parse(made._tag === "text" ? made.text : ""), {
      "Simulator Target Bundle": topic,
      aps: { "content-available": 1 }
    })
    for (const other of [
      push("voip", { aps: {} }),
      push("alert", []),
      { ...push("alert", { aps: {} }), kind: "broadcast" as const }
    ]) {
      assert.strictEqual(exportOf(other, "apns", target)._tag, "impossible")
    }
  })

  it("is TypeScript", () => {
    const source = push("alert", { aps: { "thread-id": "a", list: [1, null, []] }, class: {} }, [
      ["apns-priority", "5"],
      ["apns-expiration", "1767225600"]
    ])
    const made = exportOf({ ...source, collapseId: "c" }, "typescript", target)
    assert.deepStrictEqual(made, {
      _tag: "text",
      text: `import { Notification, send } from "effect-apns"

export const sent = send(
  Notification.raw({
    device: "${device}",
    pushType: "alert",
    topic: "${topic}",
    priority: 5,
    expiration: new Date(1767225600000),
    collapseId: "c",
    payload: {
      aps: {
        "thread-id": "a",
        list: [
          1,
          null,
          []
        ]
      },
      class: {}
    }
  })
)
`
    })
    const once = exportOf(push("alert", { aps: {} }, [["apns-expiration", "0"]]), "typescript", target)
    assert.include(once._tag === "text" ? once.text : "", 'expiration: "once"')
  })

  it("says why there is none", () => {
    const cut = { ...push("alert", { aps: {} }), bodyBytes: 70_000 }
    assert.strictEqual(exportOf(cut, "curl", target)._tag, "impossible")
    assert.strictEqual(exportOf({ ...push("alert", {}), body: "no JSON" }, "typescript", target)._tag, "impossible")
  })
})
