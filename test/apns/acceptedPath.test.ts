import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it, vi } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, Layer, Redacted } from "effect"
import { Apns, Credentials } from "effect-apns"
import { identity } from "../../packages/simulator/src/internal/identity.ts"
import { acceptedPath } from "../support/acceptedPath.ts"
import { freePort } from "../support/freePort.ts"
import { simulated, topic } from "../support/simulated.ts"
import { untilIt } from "../support/waiting.ts"

// Thousands are sent.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

acceptedPath("the simulator", simulated())

/** A server nobody here wrote: it accepts every push, and echoes the id as APNs does. */
const configuration = (folder: string, port: number) => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port} ssl http2;
    keepalive_requests 1000000;
    ssl_certificate ${folder}/server.crt;
    ssl_certificate_key ${folder}/server.key;
    location /3/device/ {
      add_header apns-id $http_apns_id always;
      return 200;
    }
  }
}
`

const listening = (port: number) =>
  untilIt(
    Effect.callback<boolean>((resume) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy()
        resume(Effect.succeed(true))
      })
      socket.once("error", () => resume(Effect.succeed(false)))
      return Effect.sync(() => socket.destroy())
    })
  )

const nginx = Layer.unwrap(
  Effect.gen(function* () {
    const { ca, certificate, key } = yield* Effect.promise(identity)
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-apns-nginx-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
    )
    writeFileSync(join(folder, "server.crt"), certificate)
    writeFileSync(join(folder, "server.key"), key)
    const start = Effect.gen(function* () {
      const port = yield* Effect.promise(freePort)
      writeFileSync(join(folder, "nginx.conf"), configuration(folder, port))
      const child = yield* Effect.acquireRelease(
        Effect.sync(() => spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], { stdio: "ignore" })),
        (child) =>
          Effect.promise(async () => {
            if (child.exitCode !== null) return
            child.kill("SIGTERM")
            await once(child, "exit")
          })
      )
      const exit = Effect.promise(() => once(child, "exit"))
      yield* Effect.raceFirst(
        listening(port),
        Effect.flatMap(exit, () => Effect.fail(new Error("nginx has ended")))
      )
      return port
    })
    // Somebody else may have taken the port since it was found free.
    const port = yield* Effect.retry(start, { times: 4 })
    const { key: tokenKey } = yield* Simulator
    return Apns.layer({
      environment: { host: "127.0.0.1", port, ca },
      credentials: Credentials.token({ ...tokenKey, privateKey: Redacted.make(tokenKey.privateKey) }),
      topic
    })
  })
).pipe(Layer.provide(Simulator.layer()))

const hasNginx = () => {
  try {
    execFileSync("nginx", ["-v"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

if (hasNginx()) acceptedPath("nginx", nginx)
else {
  describe("the accepted path, against nginx", () => {
    it.skip("nginx is not installed: the accepted path was not tested against it", () => assert.fail())
  })
}
