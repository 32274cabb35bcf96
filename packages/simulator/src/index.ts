/**
 * The Apple Push Notification service on your machine.
 *
 * What needs an HTTP server or client has modules of its own, which a test without them need not load: `ControlServer`,
 * `ControlApi`, `InboxClient`, `SimulatorProcess` and `SimulatorFlags`.
 *
 * @since 0.1.0
 */
export * from "./Channel.ts"
export * from "./ConnectionInfo.ts"
export * from "./ControlModel.ts"
export * from "./Credentials.ts"
export * from "./Device.ts"
export * from "./Export.ts"
export * from "./Inbox.ts"
export * from "./Preview.ts"
export * from "./Reasons.ts"
export * from "./Received.ts"
export * from "./Scenario.ts"
export * from "./ScenarioFile.ts"
export * from "./Simulator.ts"
export * from "./SimulatorClock.ts"
export * from "./SimulatorError.ts"
export * from "./SimulatorEvent.ts"
export * from "./SimulatorOptions.ts"
