/**
 * Flags and arguments that name a file: shells complete them, and what was typed comes as it is. `Flag.Path` would look at the
 * file while it parses, and repeat what stands in its place: a key, if somebody pasted one.
 *
 * @since 0.1.0
 */
import type * as Argument from "effect/cli/Argument"
import type * as Flag from "effect/cli/Flag"
import * as Param from "effect/cli/Param"
import * as Primitive from "effect/cli/Primitive"

const primitive = () => Object.assign(Primitive.Path("file"), { parse: Primitive.String.parse })

/**
 * A flag that names a file.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fileFlag = (name: string): Flag.Flag<string> =>
  Param.makeSingle({ kind: Param.flagKind, name, primitiveType: primitive(), typeName: "file" })

/**
 * An argument that names a file.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fileArgument = (name: string): Argument.Argument<string> =>
  Param.makeSingle({ kind: Param.argumentKind, name, primitiveType: primitive(), typeName: "file" })
