/** The options of the layer with their defaults filled in. */
import type { SimulatorOptions } from "../SimulatorOptions.ts"
import type { Settings } from "./state.ts"

export const settingsOf = (options: SimulatorOptions): Settings => ({
  host: options.host ?? "127.0.0.1",
  port: options.port ?? 0,
  managementPort: options.managementPort ?? 0,
  environment: options.environment ?? "sandbox",
  trust: options.trust ?? "both",
  clientCa: options.clientCa,
  caDirectory: options.caDirectory,
  hostnames: options.hostnames ?? [],
  unknownDevices: options.unknownDevices ?? "accept",
  initialMaxConcurrentStreams: options.initialMaxConcurrentStreams ?? 1,
  maxConcurrentStreams: options.maxConcurrentStreams ?? 1_000,
  maxConcurrentStreamsAfterRejection: options.maxConcurrentStreamsAfterRejection,
  excessStreams: options.excessStreams ?? "refuse",
  environmentReason: options.environmentReason ?? "BadEnvironmentKeyInToken",
  tokenUpdateScope: options.tokenUpdateScope ?? "connection",
  tokenUpdatesLockConnection: options.tokenUpdatesLockConnection ?? false,
  acceptDerSignatures: options.acceptDerSignatures ?? true,
  certificateRefusal: options.certificateRefusal ?? "answer",
  rateLimit: options.rateLimit,
  appRateLimit: options.appRateLimit,
  idleTimeoutMillis: options.idleTimeoutMillis,
  disconnectAfterErrors: options.disconnectAfterErrors,
  disconnectAfterBadDeviceTokens: options.disconnectAfterBadDeviceTokens,
  disconnectWindowMillis: options.disconnectWindowMillis ?? Number.POSITIVE_INFINITY,
  rejectBackgroundPriority10: options.rejectBackgroundPriority10 ?? true,
  checkTopicSuffix: options.checkTopicSuffix ?? true,
  checkProductionOnlyTopics: options.checkProductionOnlyTopics ?? false,
  credentialKinds: options.credentialKinds ?? "documented",
  payloadMismatchReason: options.payloadMismatchReason,
  maxChannels: options.maxChannels ?? 10_000,
  storagePolicyReason: options.storagePolicyReason ?? "MissingChannelQueueSize",
  checkBroadcastPayload: options.checkBroadcastPayload ?? true
})

/** Whether only this machine can reach an address. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host)
