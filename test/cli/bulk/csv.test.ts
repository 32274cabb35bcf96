import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type CsvRecord, CsvRecords, longestRow } from "../../../packages/cli/src/bulk/csv.ts"

const readAll = (text: string, cuts: ReadonlyArray<number> = []): ReadonlyArray<CsvRecord> => {
  const records = new CsvRecords()
  const at = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length]
  const all: Array<CsvRecord> = []
  for (let piece = 1; piece < at.length; piece++) all.push(...records.read(text.slice(at[piece - 1], at[piece]), false))
  return [...all, ...records.read("", true)]
}

const fieldsOf = (text: string) => readAll(text).map(({ fields }) => fields)

describe("CSV", () => {
  const cases: ReadonlyArray<readonly [title: string, text: string, fields: ReadonlyArray<ReadonlyArray<string>>]> = [
    [
      "plain rows",
      "a,b\nc,d\n",
      [
        ["a", "b"],
        ["c", "d"]
      ]
    ],
    [
      "no line break at the end",
      "a,b\nc,d",
      [
        ["a", "b"],
        ["c", "d"]
      ]
    ],
    [
      "CRLF",
      'a,b\r\n"c",d\r\n',
      [
        ["a", "b"],
        ["c", "d"]
      ]
    ],
    [
      "empty fields",
      "a,,c\n,,\n",
      [
        ["a", "", "c"],
        ["", "", ""]
      ]
    ],
    ["empty lines", "a\n\n\r\nb\n", [["a"], ["b"]]],
    [
      "quotes",
      'a,b\n"Paris, 1er","say ""hi"""\n',
      [
        ["a", "b"],
        ["Paris, 1er", 'say "hi"']
      ]
    ],
    [
      "quoted and empty",
      'a,b\n"",""\n',
      [
        ["a", "b"],
        ["", ""]
      ]
    ],
    [
      "a line break in quotes",
      'a,b\n"one\ntwo",c\n',
      [
        ["a", "b"],
        ["one\ntwo", "c"]
      ]
    ],
    [
      "semicolons",
      "a;b\n1,5;2\n",
      [
        ["a", "b"],
        ["1,5", "2"]
      ]
    ],
    [
      "tabs",
      "a\tb\n1\t2\n",
      [
        ["a", "b"],
        ["1", "2"]
      ]
    ],
    ["one column", "a\nb\n", [["a"], ["b"]]]
  ]
  for (const [title, text, fields] of cases) it(`reads ${title}`, () => assert.deepStrictEqual(fieldsOf(text), fields))

  it("counts the lines inside of quotes", () => {
    const lines = readAll('a,b\n"one\n\ntwo",c\nd,e\n\nf,g').map(({ line }) => line)
    assert.deepStrictEqual(lines, [1, 2, 5, 7])
  })

  it("says what is wrong with quotes, and goes on", () => {
    const records = readAll('a,b\n5" pipe,x\n"y" z,x\nok,ok\n')
    assert.deepStrictEqual(
      records.map(({ problem }) => problem),
      [
        undefined,
        "has a quote inside a field that does not begin with one",
        "has text after a closing quote",
        undefined
      ]
    )
  })

  it("ends at a quote that is not closed, naming its line, with what came before it", () => {
    for (const text of ['a,b\nc,d\n"e,f\ng,h\n', `a,b\nc,d\n"e${"\nf".repeat(longestRow)}`]) {
      const records = new CsvRecords()
      const read = [...records.read(text, false), ...(records.broken === undefined ? records.read("", true) : [])]
      assert.deepStrictEqual(
        read.map(({ fields }) => fields),
        [
          ["a", "b"],
          ["c", "d"]
        ]
      )
      assert.deepStrictEqual(records.broken, { line: 3, problem: "opens a quote that is not closed" })
    }
  })

  it("takes no row without an end", () => {
    const records = new CsvRecords()
    assert.deepStrictEqual(records.read(`a\n${"b".repeat(longestRow + 1)}`, false), [{ line: 1, fields: ["a"] }])
    assert.deepStrictEqual(records.broken, { line: 2, problem: "is longer than 1 MiB" })
  })

  const field = Schema.Array(Schema.Literals(["a", "é", '"', ",", ";", "\n", " ", "🎉", "\t"]))

  it.effect.prop(
    "is read as it was written, however it comes in pieces",
    {
      rows: Schema.Array(Schema.Tuple([field, field])),
      cuts: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 500 })))
    },
    ({ cuts, rows }) =>
      Effect.sync(() => {
        const fields = rows.map((row) => row.map((parts) => parts.join("")))
        const written = fields.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(","))
        const records = readAll(["one,two", ...written, ""].join("\n"), cuts)
        assert.deepStrictEqual(
          records.slice(1).map((record) => record.fields),
          fields
        )
        for (const { problem } of records) assert.isUndefined(problem)
      }),
    { arbitrary: { runs: 300 } }
  )
})
