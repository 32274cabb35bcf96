/** Servers that nobody here wrote, that read a body, take their time, and answer 200 with its length; 1000 streams each. */
import { execFileSync } from "node:child_process"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as Http from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { certificate, installed, listening, nodeServer, program, type Running } from "./servers.ts"

/** How long a server takes is in the path: `/300` for 300 ms. */
const millisOf = (path = "/"): number => Number(path.slice(1)) || 0

/** What proxies pass requests on to, in HTTP/1.1. */
const backend = async () => {
  const server = Http.createServer((request, response) => {
    let length = 0
    request.on("data", (chunk: Buffer) => {
      length += chunk.length
    })
    request.on("end", () => setTimeout(() => response.end(String(length)), millisOf(request.url)))
  })
  server.keepAliveTimeout = 60_000
  const port = await listening(server)
  return {
    port,
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      })
  }
}

const proxy = async (
  path: string,
  args: (directory: string, port: number, backendPort: number) => ReadonlyArray<string>
): Promise<Running> => {
  const behind = await backend()
  const running = await program(path, (directory, port) => args(directory, port, behind.port))
  return {
    ...running,
    stop: async () => {
      await running.stop()
      await behind.stop()
    }
  }
}

const haproxy = (path: string) =>
  proxy(path, (directory, port, backendPort) => {
    const { cert, key } = certificate()
    writeFileSync(join(directory, "both.pem"), cert + key)
    writeFileSync(
      join(directory, "haproxy.cfg"),
      `global
  maxconn 4000
  tune.h2.max-concurrent-streams 1000
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 60s
listen tests
  bind 127.0.0.1:${port} ssl crt ${directory}/both.pem alpn h2
  server behind 127.0.0.1:${backendPort}
`
    )
    return ["-db", "-f", join(directory, "haproxy.cfg")]
  })

const nginx = (path: string) =>
  proxy(path, (directory, port, backendPort) => {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${directory}/${name};`)
      .join(" ")
    writeFileSync(
      join(directory, "nginx.conf"),
      `worker_processes 1; daemon off; pid ${directory}/pid; error_log ${directory}/error.log; user root;
events { worker_connections 4096; }
http {
  access_log off; ${temporary} http2_max_concurrent_streams 1000; keepalive_requests 1000000; proxy_read_timeout 60s;
  server {
    listen 127.0.0.1:${port} ssl http2; ssl_certificate ${directory}/cert.pem; ssl_certificate_key ${directory}/key.pem;
    location / { proxy_pass http://127.0.0.1:${backendPort}; }
  }
}
`
    )
    return ["-p", directory, "-c", join(directory, "nginx.conf"), "-e", join(directory, "error.log")]
  })

const nghttpx = (path: string) =>
  proxy(path, (_, port, backendPort) => [
    `--frontend=127.0.0.1,${port}`,
    `--backend=127.0.0.1,${backendPort}`,
    "--frontend-http2-max-concurrent-streams=1000",
    "--backend-read-timeout=60s",
    "--conf=/dev/null",
    "--log-level=FATAL",
    "key.pem",
    "cert.pem"
  ])

const h2o = (path: string) =>
  proxy(path, (directory, port, backendPort) => {
    // Started by root, it goes on as nobody.
    chmodSync(directory, 0o755)
    writeFileSync(
      join(directory, "h2o.conf"),
      `listen:
  host: 127.0.0.1
  port: ${port}
  ssl:
    certificate-file: ${directory}/cert.pem
    key-file: ${directory}/key.pem
num-threads: 1
proxy.timeout.io: 60000
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: "http://127.0.0.1:${backendPort}/"
`
    )
    return ["-m", "worker", "-c", join(directory, "h2o.conf")]
  })

const goSource = `package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	server := &http.Server{
		Addr:  "127.0.0.1:" + os.Args[1],
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: 1000},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			length, _ := io.Copy(io.Discard, r.Body)
			millis, _ := strconv.Atoi(r.URL.Path[1:])
			time.Sleep(time.Duration(millis) * time.Millisecond)
			fmt.Fprint(w, length)
		}),
	}
	panic(server.ListenAndServeTLS("cert.pem", "key.pem"))
}
`

/** Go's own server, as its users start it. */
const go = async (path: string): Promise<Running> => {
  const directory = mkdtempSync(join(tmpdir(), "http2-go-"))
  writeFileSync(join(directory, "server.go"), goSource)
  const server = join(directory, "server")
  execFileSync(path, ["build", "-o", server, "server.go"], {
    cwd: directory,
    env: { ...process.env, GO111MODULE: "off", GOTOOLCHAIN: "local" }
  })
  const running = await program(server, (_, port) => [String(port)])
  return {
    ...running,
    stop: async () => {
      await running.stop()
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

const node = () =>
  nodeServer(
    (stream, headers) => {
      let length = 0
      stream.on("data", (chunk: Buffer) => {
        length += chunk.length
      })
      stream.on("end", () => setTimeout(() => stream.end(String(length)), millisOf(headers[":path"])))
    },
    { settings: { maxConcurrentStreams: 1000 } }
  )

const starters: Readonly<Record<string, (path: string) => Promise<Running>>> = { haproxy, nginx, nghttpx, h2o, go }

/** Each by its name; `undefined` where it is not installed. */
export const busyServers: ReadonlyArray<readonly [name: string, start: (() => Promise<Running>) | undefined]> = [
  ["node:http2", node],
  ...Object.entries(starters).map(([name, start]) => {
    const path = installed(name)
    return [name, path === undefined ? undefined : () => start(path)] as const
  })
]
