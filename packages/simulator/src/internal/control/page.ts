/** The web inbox: the files a build left in a directory, or a line that says how to build it. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerRespondable from "effect/http/HttpServerRespondable"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpStaticServer from "effect/http/HttpStaticServer"
import * as Layer from "effect/Layer"

/** Files under this path have a hash of their content in their name. */
const hashed = "/assets/"

const absent = HttpServerResponse.text(
  "The web inbox is not built. In the source tree, run: npm run inbox:build\n" +
    "The control API works without it: GET /api/info, GET /api/received, GET /openapi.json\n",
  { status: 404 }
)

const cacheControl = (path: string) => (path.startsWith(hashed) ? "public, max-age=31536000, immutable" : "no-cache")

/** Serves `directory` for every path that no other route has. */
export const pageRoutes = (directory: string) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const router = yield* HttpRouter.HttpRouter
      // It fails with nothing: it looks at the directory when it is asked.
      const files = yield* Effect.orDie(HttpStaticServer.make({ root: directory, spa: true }))
      const file = Effect.gen(function* () {
        const { url } = yield* HttpServerRequest.HttpServerRequest
        const response = yield* files
        return HttpServerResponse.setHeader(response, "cache-control", cacheControl(url))
      }).pipe(Effect.catch(HttpServerRespondable.toResponse))
      // Looked up each time, so that a build while the simulator runs is seen.
      const page = Effect.suspend(() => (existsSync(join(directory, "index.html")) ? file : Effect.succeed(absent)))
      yield* router.add("GET", "/*", page)
    })
  )
