/** Every command there is, with what it takes. */
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { CliOutput, Command, type HelpDoc } from "effect/cli"
import { apns } from "../../../packages/cli/src/Cli.ts"

export interface Leaf {
  readonly path: ReadonlyArray<string>
  readonly flags: ReadonlyArray<HelpDoc.FlagDoc>
  readonly args: ReadonlyArray<HelpDoc.ArgDoc>
}

const docOf = (path: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const docs: Array<HelpDoc.HelpDoc> = []
    const collector = CliOutput.layerPresenter({
      present: (event) =>
        Effect.sync(() => {
          if (event._tag === "Help") docs.push(event.helpDoc)
        })
    })
    yield* Command.runWith(apns, { version: "1.2.3" })([...path, "--help"]).pipe(
      Effect.provide(Layer.mergeAll(NodeServices.layer, collector)),
      Effect.orDie
    )
    return docs[0]
  })

/** The commands that do something, below a path. */
export const leaves = (path: ReadonlyArray<string> = []): Effect.Effect<ReadonlyArray<Leaf>> =>
  Effect.gen(function* () {
    const doc = yield* docOf(path)
    if (doc === undefined) return []
    const below = (doc.subcommands ?? []).flatMap(({ commands }) => commands)
    if (below.length === 0) return [{ path, flags: doc.flags, args: doc.args ?? [] }]
    return (yield* Effect.forEach(below, ({ name }) => leaves([...path, name]))).flat()
  })
