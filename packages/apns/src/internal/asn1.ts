import * as Result from "effect/Result"
import forge from "node-forge"

/** One decoded ASN.1 value. */
export type Asn1 = forge.asn1.Asn1

const { Class, Type } = forge.asn1

/** The structure is not the expected one. Thrown by the accessors below and caught where a reader returns a `Result`. */
export class MalformedAsn1 extends Error {}

/**
 * Runs a reader that uses the throwing accessors below. Whatever it throws (forge throws plain errors) is replaced by
 * one value, so that no error text made from secret bytes can leave this module.
 */
export const reading = <A, E>(read: () => A, onMalformed: () => E): Result.Result<A, E> =>
  Result.try({ try: read, catch: onMalformed })

/** Decodes one DER or BER value that fills `bytes`. */
export const decode = (bytes: Uint8Array): Asn1 =>
  forge.asn1.fromDer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"))

/** The DER of a value. */
export const encode = (value: Asn1): Buffer => Buffer.from(forge.asn1.toDer(value).getBytes(), "latin1")

/** The members of a constructed value. */
export const members = (value: Asn1 | undefined): ReadonlyArray<Asn1> => {
  if (value === undefined || !Array.isArray(value.value)) {
    throw new MalformedAsn1("constructed value expected")
  }
  return value.value
}

/** The member at `index`. */
export const member = (value: Asn1 | undefined, index: number): Asn1 => {
  const found = members(value)[index]
  if (found === undefined) {
    throw new MalformedAsn1("member missing")
  }
  return found
}

const isUniversal = (value: Asn1 | undefined, type: forge.asn1.Type): value is Asn1 =>
  value !== undefined && value.tagClass === Class.UNIVERSAL && value.type === type

/** True for a SEQUENCE. */
export const isSequence = (value: Asn1 | undefined): value is Asn1 => isUniversal(value, Type.SEQUENCE)

/** True for an INTEGER. */
export const isInteger = (value: Asn1 | undefined): value is Asn1 => isUniversal(value, Type.INTEGER)

/** True for an OBJECT IDENTIFIER. */
export const isOid = (value: Asn1 | undefined): value is Asn1 => isUniversal(value, Type.OID)

/** True for the context-specific tag `[tag]`. */
export const isTagged = (value: Asn1 | undefined, tag: number): value is Asn1 =>
  value !== undefined && value.tagClass === Class.CONTEXT_SPECIFIC && Number(value.type) === tag

/** The octets of a primitive value, or of the pieces of a BER constructed one. */
export const octets = (value: Asn1 | undefined): Buffer => {
  if (value === undefined) {
    throw new MalformedAsn1("value missing")
  }
  return typeof value.value === "string"
    ? Buffer.from(value.value, "latin1")
    : Buffer.concat(value.value.map((piece) => octets(piece)))
}

/** The dotted form of an OBJECT IDENTIFIER. */
export const oid = (value: Asn1 | undefined): string => {
  if (!isOid(value) || typeof value.value !== "string") {
    throw new MalformedAsn1("object identifier expected")
  }
  return forge.asn1.derToOid(value.value)
}

/** A small INTEGER. */
export const integer = (value: Asn1 | undefined): number => {
  if (!isInteger(value) || typeof value.value !== "string") {
    throw new MalformedAsn1("integer expected")
  }
  return forge.asn1.derToInteger(value.value)
}

/** The text of any ASN.1 string type found in a distinguished name or an Apple extension. */
export const text = (value: Asn1): string => {
  if (typeof value.value !== "string") {
    throw new MalformedAsn1("string expected")
  }
  // forge has already decoded a BMPString, and hands over the raw bytes of every other type.
  return value.type === Type.BMPSTRING ? value.value : Buffer.from(value.value, "latin1").toString("utf8")
}

/** A UTCTime or GeneralizedTime. */
export const time = (value: Asn1): Date => {
  if (typeof value.value !== "string") {
    throw new MalformedAsn1("time expected")
  }
  const date =
    value.type === Type.UTCTIME ? forge.asn1.utcTimeToDate(value.value) : forge.asn1.generalizedTimeToDate(value.value)
  if (Number.isNaN(date.getTime())) {
    throw new MalformedAsn1("time expected")
  }
  return date
}
