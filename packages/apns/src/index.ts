/**
 * Send Apple push notifications with Effect.
 *
 * @since 0.1.0
 */
export {
  Apns,
  type BroadcastReceipt,
  broadcast,
  type Config,
  type Receipt,
  type SendOptions,
  send
} from "./Apns.ts"
export { ApnsConnection, type ApnsRequest, type ApnsResponse, type RequestError } from "./ApnsConnection.ts"
export { ApnsError, isApnsError } from "./ApnsError.ts"
export * as ApnsFile from "./ApnsFile.ts"
export type { Broadcast } from "./Broadcast.ts"
export * as Certificate from "./Certificate.ts"
export {
  type ChannelCreated,
  type ChannelDeleted,
  type ChannelList,
  type ChannelRead,
  type ChannelRequestOptions,
  type ChannelStorage,
  Channels,
  type ChannelsConfig,
  type ChannelsOptions,
  isChannelId,
  maximumChannels
} from "./Channels.ts"
export * as Credentials from "./Credentials.ts"
export { type Dead, type DeadReason, type DeadToken, DeadTokens, type Destination } from "./DeadTokens.ts"
export { drain, drainOnInterrupt } from "./Drain.ts"
export * as Environment from "./Environment.ts"
export * as FromConfig from "./FromConfig.ts"
export * as Jwt from "./Jwt.ts"
export { JwtCache, type ProviderToken } from "./JwtCache.ts"
export * as LiveActivity from "./LiveActivity.ts"
export * as Metrics from "./Metrics.ts"
export * as Notification from "./Notification.ts"
export * as Payload from "./Payload.ts"
export * as PayloadInspection from "./PayloadInspection.ts"
export { PayloadSchema } from "./PayloadSchema.ts"
export { type Proxy, type ProxyAddress, type ProxyServer, tunnel } from "./Proxy.ts"
export * as PushType from "./PushType.ts"
export * as Reason from "./Reason.ts"
export * as ReasonTable from "./ReasonTable.ts"
export * as Retry from "./Retry.ts"
export { type SendAllOptions, type SendResult, sendAll } from "./SendAll.ts"
export { type SendSummary, sendSummary } from "./SendSummary.ts"
export type { BadDeviceTokens, DeviceBackoff, Outage, SlowDown } from "./SlowDown.ts"
export { Tenants } from "./Tenants.ts"
export type { Timings } from "./Timings.ts"
export { TokenProcess } from "./TokenProcess.ts"
export { CertificateTrust, TokenTrust } from "./Trust.ts"
