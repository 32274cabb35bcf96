/** Servers that nobody here wrote, for the driver: Node's own, nginx and nghttpd, on loopback. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as Http2 from "node:http2"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "../../support/freePort.ts"

export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** A self-signed certificate for localhost and 127.0.0.1; made with openssl, once. */
export const certificate = (): Certificate => {
  made ??= makeCertificate()
  return made
}

let made: Certificate | undefined

const makeCertificate = (): Certificate => {
  const pem = execFileSync(
    "openssl",
    [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost".split(" "),
      ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "-", "-out", "-"]
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }
  )
  const part = (name: RegExp) => name.exec(pem)?.[0] ?? ""
  return {
    key: part(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----\n/),
    cert: part(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n/)
  }
}

export interface Running {
  readonly host: string
  readonly port: number
  readonly ca: string
  stop(): Promise<void>
}

export const listening = (server: Net.Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as Net.AddressInfo).port))
  })

/** Node's own server; `onStream` answers. */
export const nodeServer = async (
  onStream: (stream: Http2.ServerHttp2Stream, headers: Http2.IncomingHttpHeaders) => void,
  options: Http2.SecureServerOptions = {}
): Promise<Running & { readonly server: Http2.Http2SecureServer }> => {
  const { cert, key } = certificate()
  const server = Http2.createSecureServer({ cert, key, ...options })
  const sessions = new Set<Http2.ServerHttp2Session>()
  server.on("session", (session) => {
    sessions.add(session)
    session.on("close", () => sessions.delete(session))
    session.on("error", () => {})
  })
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {})
    onStream(stream, headers)
  })
  const port = await listening(server)
  return {
    host: "127.0.0.1",
    port,
    ca: cert,
    server,
    stop: () =>
      new Promise((resolve) => {
        for (const session of sessions) session.destroy()
        server.close(() => resolve())
      })
  }
}

const found = (name: string, places: ReadonlyArray<string>): string | undefined =>
  places.map((place) => join(place, name)).find((path) => existsSync(path))

const places = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin", "/usr/bin"]

/** The path of a program, or `undefined` when it is not installed. */
export const installed = (name: string): string | undefined => found(name, places)

const reachable = async (port: number, child: ChildProcess): Promise<void> => {
  // As long as it takes on a busy machine; where it does not start at all, it ends.
  const until = performance.now() + 60_000
  while (performance.now() < until && child.exitCode === null) {
    const connected = await new Promise<boolean>((resolve) => {
      const socket = Net.connect({ host: "127.0.0.1", port })
      socket.on("connect", () => {
        socket.destroy()
        resolve(true)
      })
      socket.on("error", () => resolve(false))
    })
    if (connected) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${child.spawnfile} does not listen`)
}

export const program = async (
  path: string,
  args: (directory: string, port: number) => ReadonlyArray<string>
): Promise<Running> => {
  const directory = mkdtempSync(join(tmpdir(), "http2-"))
  const { cert, key } = certificate()
  writeFileSync(join(directory, "cert.pem"), cert)
  writeFileSync(join(directory, "key.pem"), key)
  const start = async (tries: number): Promise<{ port: number; child: ChildProcess; ended: Promise<void> }> => {
    const port = await freePort()
    const child = spawn(path, args(directory, port), { stdio: "ignore", cwd: directory })
    const ended = new Promise<void>((resolve) => {
      child.on("exit", () => resolve())
    })
    try {
      await reachable(port, child)
      return { port, child, ended }
    } catch (error) {
      // Somebody else may have taken the port since it was found free.
      if (child.exitCode === null || tries === 1) throw error
      return start(tries - 1)
    }
  }
  const { child, ended, port } = await start(5)
  return {
    host: "127.0.0.1",
    port,
    ca: cert,
    stop: async () => {
      child.kill("SIGTERM")
      await ended
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

/** nginx: `/` answers 200, `/text` a body of 11 bytes, `/missing` 404; at most 32 streams. */
export const nginx = (path: string): Promise<Running> =>
  program(path, (directory, port) => {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${directory}/${name};`)
      .join(" ")
    writeFileSync(
      join(directory, "nginx.conf"),
      `worker_processes 1; daemon off; pid ${directory}/pid; error_log ${directory}/error.log;
events { worker_connections 64; }
http {
  access_log off; ${temporary} http2_max_concurrent_streams 32; keepalive_requests 1000000;
  server {
    listen 127.0.0.1:${port} ssl http2; ssl_certificate ${directory}/cert.pem; ssl_certificate_key ${directory}/key.pem;
    location = / { return 200; }
    location = /text { return 200 "hello world"; }
    location = /missing { return 404; }
  }
}
`
    )
    return ["-p", directory, "-c", join(directory, "nginx.conf"), "-e", join(directory, "error.log")]
  })

/** haproxy, answering by itself: `/text` a body of 11 bytes, anything else 404; at most 24 streams. */
export const haproxy = (path: string): Promise<Running> =>
  program(path, (directory, port) => {
    const { cert, key } = certificate()
    writeFileSync(join(directory, "both.pem"), cert + key)
    writeFileSync(
      join(directory, "haproxy.cfg"),
      `global
  tune.h2.max-concurrent-streams 24
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 10s
frontend tests
  bind 127.0.0.1:${port} ssl crt ${directory}/both.pem alpn h2
  http-request return status 200 content-type text/plain string "hello world" if { path /text }
  http-request return status 404
`
    )
    return ["-db", "-f", join(directory, "haproxy.cfg")]
  })

/** h2o: serves its directory, where `text` holds 11 bytes. */
export const h2o = (path: string): Promise<Running> =>
  program(path, (directory, port) => {
    // Started by root, it goes on as nobody.
    chmodSync(directory, 0o755)
    writeFileSync(join(directory, "text"), "hello world")
    writeFileSync(
      join(directory, "h2o.conf"),
      `listen:
  host: 127.0.0.1
  port: ${port}
  ssl:
    certificate-file: ${directory}/cert.pem
    key-file: ${directory}/key.pem
num-threads: 1
hosts:
  default:
    paths:
      /:
        file.dir: ${directory}
`
    )
    return ["-m", "worker", "-c", join(directory, "h2o.conf")]
  })

/** nghttpd: serves its directory, where `text` holds 11 bytes. */
export const nghttpd = (path: string): Promise<Running> =>
  program(path, (directory, port) => {
    writeFileSync(join(directory, "text"), "hello world")
    return ["-a", "127.0.0.1", "-d", directory, "-m", "16", String(port), "key.pem", "cert.pem"]
  })
