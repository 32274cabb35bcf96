/**
 * A network namespace of Linux that this machine reaches over several links, each of which can be cut: both ends then send
 * to a link-layer address that nobody has, so that packets vanish without a word in both directions.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { processEnvironment } from "./processEnvironment.ts"

const ip = (...args: ReadonlyArray<string>) => void execFileSync("ip", args, { stdio: "pipe" })

const nobody = "02:00:00:00:00:99"

export interface NetworkLink {
  /** Of this machine's end. */
  readonly device: string
  /** Of the namespace's end. */
  readonly address: string
  readonly cut: () => void
  readonly mend: () => void
}

export interface NetworkNamespace {
  readonly name: string
  readonly links: ReadonlyArray<NetworkLink>
}

const linkTo = (namespace: string, index: number): NetworkLink => {
  const inside = (...args: ReadonlyArray<string>) => ip("-n", namespace, ...args)
  const [near, far] = [`ap${process.pid}a${index}`, `ap${process.pid}b${index}`]
  // Of a block for tests between networks (RFC 2544), which no other network has.
  const network = `198.${18 + ((process.pid >> 13) & 1)}.${(process.pid >> 5) & 255}`
  const base = (process.pid & 31) * 8 + index * 4
  const [here, address] = [`${network}.${base + 1}`, `${network}.${base + 2}`]
  ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", namespace)
  ip("address", "add", `${here}/30`, "dev", near)
  ip("link", "set", near, "up")
  inside("address", "add", `${address}/30`, "dev", far)
  inside("link", "set", far, "up")
  return {
    device: near,
    address,
    cut: () => {
      ip("neigh", "replace", address, "lladdr", nobody, "dev", near, "nud", "permanent")
      inside("neigh", "replace", here, "lladdr", nobody, "dev", far, "nud", "permanent")
    },
    mend: () => {
      ip("neigh", "del", address, "dev", near)
      inside("neigh", "del", here, "dev", far)
    }
  }
}

const make = (count: number): NetworkNamespace => {
  const name = `effect-apns-${process.pid}`
  const links: Array<NetworkLink> = []
  ip("netns", "add", name)
  try {
    while (links.length < count) links.push(linkTo(name, links.length))
    return { name, links }
  } catch (error) {
    remove({ name, links })
    throw error
  }
}

/** Links go with their namespace, too, but some time later. */
const remove = ({ links, name }: NetworkNamespace) => {
  for (const { device } of links) ip("link", "del", device)
  ip("netns", "del", name)
}

/** Why there can be none here; nothing where there can. */
export const unavailable = (): string | undefined => {
  if (process.platform !== "linux") return "this is not Linux"
  if (process.getuid?.() !== 0) return "only root may make one"
  try {
    remove(make(1))
    return undefined
  } catch (error) {
    return `\`ip\` made none: ${error instanceof Error ? error.message.trim().split("\n").at(-1) : "unknown error"}`
  }
}

/** A namespace with up to two links, until the scope closes. One at a time in a process. */
export const networkNamespace = (links: 1 | 2) =>
  Effect.acquireRelease(
    Effect.sync(() => make(links)),
    (namespace) => Effect.sync(() => remove(namespace))
  )

interface Where {
  readonly ca: string
  readonly key: { readonly teamId: string; readonly keyId: string; readonly privateKey: string }
  readonly port: number
}

/** Simulators in the namespace, one on each link. */
export const simulatorsIn = ({ links, name }: NetworkNamespace) =>
  Effect.gen(function* () {
    const script = fileURLToPath(new URL("simulatorProcess.ts", import.meta.url))
    const command = [process.execPath, "--no-warnings", script, ...links.map(({ address }) => address)]
    const child: ChildProcess = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn("ip", ["netns", "exec", name, ...command], {
          stdio: ["pipe", "pipe", "inherit"],
          env: processEnvironment
        })
      ),
      (child) =>
        Effect.callback<void>((resume) => {
          if (child.exitCode !== null) return resume(Effect.void)
          child.once("exit", () => resume(Effect.void))
          child.kill()
        })
    )
    if (child.stdout === null) throw new Error("the process has no output")
    const lines = createInterface({ input: child.stdout })
    const line = <A>() =>
      Effect.callback<A>((resume) => {
        lines.once("line", (text: string) => resume(Effect.succeed(JSON.parse(text))))
      })
    const where = yield* line<Where>()
    const received = Effect.suspend(() => {
      const answer = line<ReadonlyArray<ReadonlyArray<string>>>()
      child.stdin?.write("\n")
      return answer
    })
    return { ...where, received }
  })
