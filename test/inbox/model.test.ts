import type { ReceivedDetail, StatsSecond } from "@effect-apns/simulator/ControlModel"
import { ScenarioInput } from "@effect-apns/simulator/ControlModel"
import { Effect, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { stepsOf } from "../../packages/inbox/src/model/activity.ts"
import { alertOf, type Phrase } from "../../packages/inbox/src/model/alert.ts"
import { diff } from "../../packages/inbox/src/model/diff.ts"
import { matcher, noFilter } from "../../packages/inbox/src/model/filter.ts"
import { meaning } from "../../packages/inbox/src/model/headers.ts"
import { member, parse } from "../../packages/inbox/src/model/json.ts"
import { conditionText, effectText, idOf, presets } from "../../packages/inbox/src/model/presets.ts"
import { remarks } from "../../packages/inbox/src/model/preview.ts"
import { answerText, appName, hueOf, Push } from "../../packages/inbox/src/model/push.ts"
import { PushList } from "../../packages/inbox/src/model/pushList.ts"
import { bundleIdOf, typeOfTopic } from "../../packages/inbox/src/model/pushType.ts"
import { addSeconds, barsOf, ceiling } from "../../packages/inbox/src/model/rate.ts"
import { snippets } from "../../packages/inbox/src/model/snippets.ts"
import { duration } from "../../packages/inbox/src/model/time.ts"
import { scrollTo, sliceOf } from "../../packages/inbox/src/model/virtual.ts"
import { parseRoute, routeText } from "../../packages/inbox/src/state/route.ts"
import { summary } from "./fakeApi.ts"

describe("diff", () => {
  it.each([
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, [{ path: "b", before: 2, after: 3 }]],
    [{ a: { b: [1, 2] } }, { a: { b: [1, 3] } }, [{ path: "a.b[1]", before: 2, after: 3 }]],
    [{ a: 1 }, {}, [{ path: "a", before: 1, after: undefined }]],
    [{}, { a: null }, [{ path: "a", before: undefined, after: null }]],
    [{ a: [1] }, { a: { "0": 1 } }, [{ path: "a", before: [1], after: { "0": 1 } }]],
    [undefined, 1, [{ path: "", before: undefined, after: 1 }]],
    [{ a: { b: 1 } }, { a: { b: 1 } }, []]
  ])("%j to %j", (before, after, changes) => {
    expect(diff(before, after)).toEqual(changes)
  })
})

describe("json", () => {
  it("reads own members only", () => {
    expect(member(parse("{}"), "constructor")).toBeUndefined()
    expect(member(parse('{"__proto__":1}'), "__proto__")).toBe(1)
    expect(parse("{")).toBeUndefined()
  })
})

describe("alertOf", () => {
  const plain = (phrase: Phrase | undefined) =>
    phrase?._tag === "key" ? `${phrase.key}(${phrase.args.join(", ")})` : phrase?.text

  it("reads texts, keys with arguments, badge, sound and level", () => {
    const alert = alertOf({
      aps: {
        alert: { title: "T", "loc-key": "BODY", "loc-args": ["a", 2] },
        badge: 3,
        sound: { critical: 1, name: "alarm.caf", volume: 0.5 },
        "thread-id": "t",
        "mutable-content": 1
      }
    })
    expect([plain(alert.title), plain(alert.subtitle), plain(alert.body)]).toEqual(["T", undefined, "BODY(a, 2)"])
    expect(alert).toMatchObject({ badge: 3, level: "critical", thread: "t", mutable: true })
    expect(remarks(alert).map(([term]) => term)).toEqual(["Critical", "Sound", "Mutable", "Group", "Localised"])
  })

  it.each([
    [{ aps: { alert: "Text" } }, "Text"],
    [{ aps: { alert: { body: { "loc-key": "K", "loc-args": ["x"] } } } }, "K(x)"],
    [{ aps: { alert: 7 } }, undefined],
    [undefined, undefined]
  ])("the body of %j", (payload, body) => {
    expect(plain(alertOf(payload).body)).toBe(body)
  })

  it("takes an unknown level for the default", () => {
    expect(alertOf({ aps: { "interruption-level": "loud" } }).level).toBe("active")
  })
})

describe("Push", () => {
  it.each([
    [{ pushType: "voip", title: undefined, text: undefined }, "voip", "Rings through CallKit"],
    [{ pushType: undefined, topic: "a.b.voip", title: undefined, text: undefined }, "voip", "Rings through CallKit"],
    [{ title: undefined, text: "Only a body" }, "alert", "Only a body"],
    [{ title: undefined, text: undefined }, "alert", "Alert without text"],
    [{ pushType: "liveactivity", event: "update", title: "Goal" }, "liveactivity", "Live Activity update"],
    [{ kind: "management", path: "/1/apps/a/all-channels", method: "GET" }, "channels", "List the channels"],
    [{ kind: "management", path: "/1/apps/a/channels", method: "DELETE" }, "channels", "Delete a channel"],
    [{ pushType: "novelty", title: undefined, text: undefined }, "novelty", "novelty"]
  ] as const)("%j", (more, type, title) => {
    const present = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined))
    const absent = Object.keys(more).filter((key) => !(key in present))
    const rest = Object.fromEntries(Object.entries(summary(1)).filter(([key]) => !absent.includes(key)))
    const push = new Push({
      ...summary(1),
      ...rest,
      ...present,
      ...Object.fromEntries(absent.map((key) => [key, undefined]))
    })
    expect([push.type, push.title]).toEqual([type, title])
  })

  it("names an app and an answer", () => {
    expect([appName("com.example.shop"), appName(""), appName("...")]).toEqual(["Shop", "No app", "No app"])
    expect(answerText(summary(1, { status: 410, reason: "Unregistered" }))).toBe("410 Unregistered")
    expect(hueOf("com.example.shop")).toBe(hueOf("com.example.shop"))
    expect([typeOfTopic("a.push-type.widgets"), bundleIdOf("a.push-type.widgets"), bundleIdOf("a")]).toEqual([
      "widgets",
      "a",
      "a"
    ])
  })
})

describe("filter", () => {
  const pushes = [
    new Push(summary(1, { title: "Apple pie" })),
    new Push(summary(2, { app: "com.example.two", outcome: "refused", status: 410, reason: "Unregistered" })),
    new Push(summary(3, { device: "CD".repeat(32) }))
  ]
  it.each([
    [{ text: "apple PIE" }, [1]],
    [{ text: "pie unregistered" }, []],
    [{ text: "410" }, [2]],
    [{ app: "com.example.two" }, [2]],
    [{ outcome: "accepted" }, [1, 3]],
    [{ device: "cd".repeat(32) }, [3]],
    [{ type: "voip" }, []]
  ] as const)("%j", (part, ids) => {
    expect(pushes.filter(matcher({ ...noFilter, ...part }, new Set())).map(({ id }) => id)).toEqual(ids)
  })
  it("takes what the simulator found for a match of the text, not of the rest", () => {
    const found = new Set([1, 2])
    const ids = (part: object) => pushes.filter(matcher({ ...noFilter, ...part }, found)).map(({ id }) => id)
    expect(ids({ text: "in the payload" })).toEqual([1, 2])
    expect(ids({ text: "in the payload", outcome: "refused" })).toEqual([2])
  })
})

describe("PushList", () => {
  const ids = (list: PushList) => list.items.map(({ id }) => id)

  it("keeps order whatever the order of arrival, and no duplicates", () => {
    const list = new PushList()
    list.put([summary(5), summary(7), summary(7)])
    list.put([summary(6), summary(2), summary(5)])
    list.put([summary(8), summary(1)])
    expect(ids(list)).toEqual([1, 2, 5, 6, 7, 8])
    expect([list.get(6)?.id, list.get(3)]).toEqual([6, undefined])
  })

  it("does not go back from an answer to pending", () => {
    const list = new PushList()
    list.put([summary(1)])
    list.put([summary(1, { outcome: "pending" })])
    expect(list.get(1)?.summary.outcome).toBe("accepted")
  })

  it("drops the oldest beyond its capacity", () => {
    const list = new PushList()
    list.put(Array.from({ length: 20_005 }, (_, index) => summary(index + 1)))
    expect([list.items.length, list.items[0]?.id]).toEqual([20_000, 6])
  })
})

describe("stepsOf", () => {
  const detail = (id: number, aps: object, more: Partial<ReceivedDetail> = {}): ReceivedDetail => ({
    ...summary(id),
    sequence: id,
    headers: [],
    body: JSON.stringify({ aps }),
    answer: { _tag: "answered", status: 200 },
    truncated: false,
    ...more
  })

  it("compares with the last state the device took", () => {
    const steps = stepsOf([
      detail(3, { event: "update", timestamp: 30, "content-state": { n: 3 } }),
      detail(1, { event: "start", timestamp: 10, "content-state": { n: 1 } }),
      detail(
        2,
        { event: "update", timestamp: 20, "content-state": { n: 2 } },
        { outcome: "refused", reason: "BadPriority" }
      ),
      detail(4, { event: "update", timestamp: 5, "content-state": { n: 4 } }),
      detail(5, { event: "end", timestamp: 50, "dismissal-date": 60 })
    ])
    expect(steps.map(({ id, changes }) => [id, changes.map(({ before, after }) => [before, after])])).toEqual([
      [1, [[undefined, 1]]],
      [2, [[1, 2]]],
      [3, [[1, 3]]],
      [4, [[3, 4]]],
      [5, []]
    ])
    expect(steps.map(({ accepted, outOfOrder }) => [accepted, outOfOrder])).toEqual([
      [true, false],
      [false, false],
      [true, false],
      [true, true],
      [true, false]
    ])
  })
})

describe("rate", () => {
  const second = (time: number, accepted: number): StatsSecond => ({
    time,
    received: accepted,
    accepted,
    refused: 0,
    faulted: 0,
    lost: 0
  })

  it("puts seconds into bars, the last of which holds now", () => {
    const seconds = addSeconds([second(1_000, 1), second(3_000, 3)], [second(3_000, 4), second(9_000, 9)])
    expect(barsOf(seconds, 9_500, 5, 2).map(({ time, accepted }) => [time, accepted])).toEqual([
      [0, 1],
      [2_000, 4],
      [4_000, 0],
      [6_000, 0],
      [8_000, 9]
    ])
  })

  it.each([
    [0, 4],
    [4, 4],
    [7, 8],
    [41, 50],
    [100, 100],
    [101, 200],
    [950, 1_000]
  ])("the axis above %d ends at %d", (value, top) => {
    expect(ceiling(value)).toBe(top)
  })
})

describe("the virtual list", () => {
  it("draws what is in sight and a margin", () => {
    expect(sliceOf(0, 760, 76, 10_000)).toEqual({ start: 0, end: 18 })
    expect(sliceOf(76 * 5_000, 760, 76, 10_000)).toEqual({ start: 4_992, end: 5_018 })
    expect(sliceOf(76 * 5_000, 760, 76, 3)).toEqual({ start: 0, end: 3 })
  })
  it("scrolls no further than needed", () => {
    expect([scrollTo(0, 200, 760, 76), scrollTo(5, 0, 760, 76), scrollTo(10, 0, 760, 76)]).toEqual([0, 0, 76])
  })
})

describe("words", () => {
  it.each([
    [0, "0 s"],
    [59_999, "59 s"],
    [3_660_000, "1 h 1 min"],
    [3_605_000, "1 h"],
    [-60_000, "−1 min"]
  ])("%d ms", (millis, text) => {
    expect(duration(millis)).toBe(text)
  })
  it("explains headers", () => {
    expect(meaning("apns-priority", "5", 0)).toBe("when power allows")
    expect(meaning("apns-expiration", "0", 0)).toBe("one attempt, not stored")
    expect(meaning("apns-expiration", "3600", 0)).toContain("1 h after it arrived")
    expect(meaning("apns-priority", "constructor", 0)).toBeUndefined()
  })
})

describe("routes", () => {
  it.each(["#/inbox", "#/inbox/12", "#/scenarios"])("%s", (hash) => {
    expect(routeText(parseRoute(hash))).toBe(hash)
  })
  it.each(["", "#", "#/nothing", "#/inbox/x", "#/devices/3/4"])("%s is the inbox", (hash) => {
    expect(parseRoute(hash)).toEqual({ page: "inbox", push: undefined })
  })
})

describe("presets", () => {
  it.each(presets.map((preset) => [preset.id, preset.scenario] as const))("%s is a scenario", async (_, scenario) => {
    const decoded = await Effect.runPromise(
      Schema.decodeUnknownEffect(ScenarioInput)(JSON.parse(JSON.stringify(scenario)))
    )
    expect(effectText(decoded)).not.toBe("")
    expect(conditionText(decoded)).toContain("every request")
  })
  it("makes ids of names", () => {
    expect([idOf("A slow day!"), idOf("…")]).toEqual(["a-slow-day", "scenario"])
  })
})

describe("snippets", () => {
  it("name host, port and files", () => {
    const info = {
      ...{
        version: "0",
        environment: "sandbox",
        host: "127.0.0.1",
        port: 2_197,
        managementPort: 2_195,
        inboxPort: 8_025
      },
      ...{ ca: "", caFile: "ca.pem", key: { teamId: "T", keyId: "K", privateKey: "" }, keep: 1, started: 0 }
    } as const
    for (const { code } of snippets(info)) expect(code).toMatch(/2197.*ca\.pem|ca\.pem.*2197/s)
  })
})
