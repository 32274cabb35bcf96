#!/usr/bin/env node
/** The `apns` command. */
import { enableCompileCache } from "node:module"

// Before anything else is loaded: most of what a short command costs is compiling.
enableCompileCache()
await import("./run.ts")
