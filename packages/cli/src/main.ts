#!/usr/bin/env node
/** The `apns` command. */
import { version } from "./version.ts"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
const words = process.argv.slice(2)
if (major < 22 || (major === 22 && minor < 19)) {
  // What comes is written for newer ones; an older one would fail with words of its own.
  process.stderr.write(`apns: needs Node 22.19 or later, and this is ${process.versions.node}.\n`)
  process.exitCode = 1
} else if (words.length === 1 && words[0] === "--version") {
  // What scripts ask for, often before each call, takes nothing of what commands take.
  process.stdout.write(`apns ${version}\n`)
} else {
  // Before anything else is loaded: most of what a short command costs is compiling.
  process.getBuiltinModule("node:module").enableCompileCache?.()
  await import("./run.ts")
}
