/** The servers: nginx, the simulator, and one that is far away. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, type Scope } from "effect"
import { writeCertificates } from "./certificates.ts"
import type { Credentials } from "./contract.ts"
import { awaitReady, BenchError, find, start } from "./processes.ts"

export interface Server {
  readonly name: string
  readonly host: string
  readonly port: number
  /** Path of the CA to trust. */
  readonly ca: string
  readonly credentials: Credentials
}

export const host = "127.0.0.1"

export const serverCpu = 1

export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "apns-bench-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

export const freePort = Effect.promise(
  () =>
    new Promise<number>((resolve) => {
      const server = createServer().listen(0, host, () => {
        const address = server.address()
        server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
      })
    })
)

const credentials = (privateKeyFile: string): Credentials => ({
  teamId: "BENCHTEAM1",
  keyId: "BENCHKEY01",
  privateKeyFile
})

export const accepts = (port: number): Promise<true | undefined> =>
  new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(undefined))
  })

const nginxConfig = (folder: string, port: number, certificate: string, key: string, nodelay: "on" | "off") => `
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 8192; }
http {
  access_log off;
${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `  ${name}_temp_path ${folder}/${name};`).join("\n")}
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  tcp_nodelay ${nodelay};
  http2_max_concurrent_streams 1000;
  server {
    listen ${host}:${port} ssl http2 backlog=4096;
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3;
    location /3/device/ { return 200; }
    location / { return 404; }
  }
}
`

/**
 * nginx: one worker, HTTP/2, 1000 streams, 200 with an empty body for whatever is sent to a device.
 *
 * It writes every response by itself, a TLS record and a system call each. Where latency is measured, each leaves at once
 * (`nodelay`, nginx's default); where rates are, the kernel may put those together that wait for room anyway: or else the
 * server's writes, and no client, would be the limit.
 */
export const nginx = Effect.fnUntraced(function* (
  nodelay: "on" | "off"
): Effect.fn.Return<Server, BenchError, Scope.Scope> {
  const program = find("nginx")
  if (program === undefined) return yield* new BenchError({ message: "nginx is not installed; see the README" })
  const folder = yield* temporaryFolder
  const files = writeCertificates(folder)
  const port = yield* freePort
  const config = join(folder, "nginx.conf")
  writeFileSync(config, nginxConfig(folder, port, files.certificate, files.key, nodelay))
  const log = join(folder, "error.log")
  const running = yield* start({ command: [program, "-p", folder, "-e", log, "-c", config], cpu: serverCpu })
  yield* awaitReady("nginx", running, () => accepts(port))
  return { name: "nginx", host, port, ca: files.ca, credentials: credentials(files.providerKey) }
})

const script = (name: string) => [process.execPath, fileURLToPath(new URL(`./servers/${name}.ts`, import.meta.url))]

interface SimulatorLine {
  readonly port: number
  readonly ca: string
  readonly key: { readonly teamId: string; readonly keyId: string; readonly privateKey: string }
}

const firstLine = <A>(stdout: () => string) => {
  const end = stdout().indexOf("\n")
  return Promise.resolve(end < 0 ? undefined : (JSON.parse(stdout().slice(0, end)) as A))
}

/** The simulator: it checks everything that APNs checks and keeps what it received. Protocol-true, not fast. */
export const simulator: Effect.Effect<Server, BenchError, Scope.Scope> = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const running = yield* start({ command: script("simulator"), cpu: serverCpu })
  const { port, ca, key } = yield* awaitReady("simulator", running, () => firstLine<SimulatorLine>(running.stdout))
  const caFile = join(folder, "ca.pem")
  const privateKeyFile = join(folder, `AuthKey_${key.keyId}.p8`)
  writeFileSync(caFile, ca)
  writeFileSync(privateKeyFile, key.privateKey, { mode: 0o600 })
  return {
    name: "simulator",
    host,
    port,
    ca: caFile,
    credentials: { teamId: key.teamId, keyId: key.keyId, privateKeyFile }
  }
})

/** One that answers everything so long after it arrived: never the limit. */
export const far = Effect.fnUntraced(function* (millis: number): Effect.fn.Return<Server, BenchError, Scope.Scope> {
  const { ca, certificate, key, providerKey } = writeCertificates(yield* temporaryFolder)
  const running = yield* start({
    command: [...script("far"), certificate, key, String(millis)],
    cpu: serverCpu
  })
  const { port } = yield* awaitReady("far", running, () => firstLine<{ readonly port: number }>(running.stdout))
  return { name: `${millis} ms away`, host, port, ca, credentials: credentials(providerKey) }
})

/** How many connections to a port are established, by Linux's own account; `undefined` elsewhere. */
export const connectionsTo = (port: number): number | undefined => {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`
  try {
    const rows = readFileSync("/proc/net/tcp", "utf8").split("\n").slice(1)
    const remotes = rows
      .map((row) => row.trim().split(/\s+/))
      .filter(([, local, , state]) => local?.endsWith(suffix) && state === "01")
      .map(([, , remote]) => remote)
    // The kernel may list a connection twice while others come and go.
    return new Set(remotes).size
  } catch {
    return undefined
  }
}
