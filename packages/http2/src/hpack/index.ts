/**
 * HPACK (RFC 7541): the header compression of HTTP/2.
 *
 * @since 0.1.0
 */
export { Decoder, type DecoderOptions } from "./Decoder.ts"
export { Encoder, type EncoderOptions } from "./Encoder.ts"
export type { EncodeField, HeaderField, Indexing } from "./HeaderField.ts"
export { HpackError, type HpackErrorKind } from "./HpackError.ts"
export { OctetBuffer, type OctetSink } from "./OctetBuffer.ts"
