import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { Environment } from "effect-apns"

const resolved = (environment: Environment.Environment, port?: number) => {
  const result = Environment.resolve(environment, port)
  return Result.isSuccess(result) ? result.success : assert.fail(result.failure.message)
}

/** What a caller in JavaScript can do. */
const refused = (environment: unknown, setting: string, port?: unknown) => {
  const result = Environment.resolve(environment as Environment.Environment, port as number | undefined)
  if (Result.isSuccess(result)) return assert.fail(`accepted ${JSON.stringify(result.success)}`)
  assert.strictEqual(result.failure.setting, setting)
  assert.deepStrictEqual([result.failure.outcome, result.failure.action], ["unsent", "fixConfig"])
  assert.isTrue(result.failure.message.startsWith(`${setting} `), result.failure.message)
  return result.failure
}

describe("Environment.resolve", () => {
  it("knows Apple's hosts", () => {
    assert.deepStrictEqual(resolved("production"), { host: "api.push.apple.com", port: 443 })
    assert.deepStrictEqual(resolved("sandbox"), { host: "api.sandbox.push.apple.com", port: 443 })
  })

  it("takes Apple's other port", () => {
    assert.deepStrictEqual(resolved("production", 2197), { host: "api.push.apple.com", port: 2197 })
  })

  it("takes a server of your own, with its certificates", () => {
    assert.deepStrictEqual(resolved({ host: "localhost", port: 8443, ca: "pem" }), {
      host: "localhost",
      port: 8443,
      ca: "pem"
    })
    assert.strictEqual(resolved({ host: "localhost" }).port, 443)
    assert.strictEqual(resolved({ host: "localhost", port: undefined }).port, 443)
  })

  it("prefers the layer's port to the server's", () => {
    assert.strictEqual(resolved({ host: "localhost", port: 1 }, 2).port, 2)
  })

  for (const host of ["api.push.apple.com", "127.0.0.1", "::1", "my-host", "my_host", "a"]) {
    it(`takes the host ${host}`, () => {
      assert.strictEqual(resolved({ host }).host, host)
    })
  }

  for (const host of [
    "",
    " ",
    "https://h",
    "h/3",
    "h h",
    "h\n",
    "[::1]",
    "höst",
    "u@h",
    "h?x",
    undefined,
    null,
    5,
    {}
  ]) {
    it(`refuses the host ${JSON.stringify(host)}`, () => {
      refused({ host }, "environment.host")
    })
  }

  for (const name of ["", "Production", "development", "prod", "constructor", "__proto__", undefined, null, 5, true]) {
    it(`refuses the environment ${JSON.stringify(name)}, and names those it knows`, () => {
      assert.include(refused(name, "environment").message, '"production", "sandbox"')
    })
  }

  for (const port of [0, -1, 1.5, 65_536, Number.NaN, Number.POSITIVE_INFINITY, "443", {}]) {
    it(`refuses the port ${typeof port === "number" ? port : JSON.stringify(port)}`, () => {
      assert.include(refused("production", "port", port).message, "443 and 2197")
      refused({ host: "h", port }, "port")
    })
  }

  it("takes the first and the last port", () => {
    for (const port of [1, 65_535]) assert.strictEqual(resolved("sandbox", port).port, port)
  })

  it("never shows the certificates of a server", () => {
    assert.notInclude(JSON.stringify(refused({ host: "", ca: "PEM-TEXT" }, "environment.host")), "PEM-TEXT")
  })
})

describe("Environment.management", () => {
  const managed = (environment: Environment.Environment, port?: number) => {
    const result = Environment.management(environment, port)
    return Result.isSuccess(result) ? result.success : assert.fail(result.failure.message)
  }

  it("knows Apple's hosts, and a port for each", () => {
    assert.deepStrictEqual(managed("production"), { host: "api-manage-broadcast.push.apple.com", port: 2196 })
    assert.deepStrictEqual(managed("sandbox"), { host: "api-manage-broadcast.sandbox.push.apple.com", port: 2195 })
  })

  const servers: ReadonlyArray<readonly [Environment.Server, number | undefined, number]> = [
    [{ host: "h", port: 1, managementPort: 2 }, undefined, 2],
    [{ host: "h", managementPort: 2 }, undefined, 2],
    [{ host: "h", port: 1 }, 3, 3],
    [{ host: "h", port: 1, managementPort: 2 }, 3, 3]
  ]
  for (const [server, port, expected] of servers) {
    it(`takes ${JSON.stringify(server)} with ${port} at ${expected}`, () => {
      assert.deepStrictEqual(managed(server, port), { host: "h", port: expected })
    })
  }

  it("takes another port for Apple's hosts, and the certificates of a server of your own", () => {
    assert.strictEqual(managed("production", 8443).port, 8443)
    assert.strictEqual(managed({ host: "h", managementPort: 1, ca: "pem" }).ca, "pem")
  })

  it("refuses what resolve refuses", () => {
    for (const [environment, port, setting] of [
      ["prod", undefined, "environment"],
      [null, undefined, "environment"],
      [{ host: "h/1", managementPort: 1 }, undefined, "environment.host"],
      [{ host: "h" }, undefined, "environment.managementPort"],
      [{ host: "h", port: 1 }, undefined, "environment.managementPort"],
      [{ host: "h", managementPort: 0 }, undefined, "port"],
      ["production", 1.5, "port"]
    ] as const) {
      const result = Environment.management(environment as Environment.Environment, port)
      assert.strictEqual(Result.isFailure(result) ? result.failure.setting : "", setting)
    }
  })
})

describe("Environment.broadcast", () => {
  const resolvedTo = (environment: Environment.Environment, server: Environment.BroadcastServer) => {
    const result = Environment.broadcast(environment, server)
    return Result.isSuccess(result) ? result.success : assert.fail(result.failure.message)
  }

  it("knows the hosts of Apple's samples", () => {
    assert.deepStrictEqual(resolvedTo("production", "api-broadcast"), {
      host: "api-broadcast.push.apple.com",
      port: 443
    })
    assert.deepStrictEqual(resolvedTo("sandbox", "api-broadcast"), {
      host: "api-broadcast.sandbox.push.apple.com",
      port: 443
    })
  })

  it("takes a server of your own in any environment", () => {
    assert.deepStrictEqual(resolvedTo("production", { host: "h" }), { host: "h", port: 443 })
    assert.deepStrictEqual(resolvedTo({ host: "other" }, { host: "h", port: 1, ca: "pem" }), {
      host: "h",
      port: 1,
      ca: "pem"
    })
  })

  it("refuses what is neither, and Apple's hosts beside a server of your own", () => {
    for (const [environment, server, setting] of [
      [{ host: "h" }, "api-broadcast", "broadcastServer"],
      ["production", "ordinary", "broadcastServer"],
      ["production", null, "broadcastServer"],
      ["production", { host: "https://h" }, "broadcastServer.host"],
      ["production", { host: "h", port: 0 }, "port"]
    ] as const) {
      const result = Environment.broadcast(environment, server as Environment.BroadcastServer)
      assert.strictEqual(Result.isFailure(result) ? result.failure.setting : "", setting)
    }
  })
})
