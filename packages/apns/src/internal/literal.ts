/**
 * Rules for numbers and text that hold at compile time where a literal is given. A literal that breaks one becomes a type
 * that says what is wanted; a `number` or a `string` stays what it is, and is checked when it is sent.
 */

/** A whole number from 0. */
export type Whole<N extends number> = number extends N
  ? N
  : `${N}` extends `-${string}` | `${string}.${string}`
    ? "a whole number from 0"
    : N

/** A number from 0 to 1. JavaScript writes the smallest ones as `1e-7`. */
export type Fraction<N extends number> = number extends N
  ? N
  : `${N}` extends `-${string}`
    ? "a number from 0 to 1"
    : `${N}` extends "0" | "1" | `0.${string}` | `${string}e-${string}`
      ? N
      : "a number from 0 to 1"

/** Text that begins with a prefix. */
export type Prefixed<S extends string, Prefix extends string> = string extends S
  ? S
  : S extends `${Prefix}${string}`
    ? S
    : `text that begins with "${Prefix}"`
