#!/usr/bin/env node
/** Runs the simulator as a process: `apns-simulator --help` says how. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { version } from "./internal/version.ts"
import { simulatorCommand } from "./SimulatorProcess.ts"

simulatorCommand.pipe(Command.run({ version }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
