import type { ReceivedDetail } from "@effect-apns/simulator/ControlModel"
import { meaning } from "../model/headers.ts"

/** The request's headers as they came, and those of the answer. */
export const Headers = ({ detail }: { readonly detail: ReceivedDetail }) => {
  const { answer } = detail
  const answered =
    answer._tag === "unanswered"
      ? []
      : [
          [":status", String(answer.status)] as const,
          ["apns-id", answer.apnsId] as const,
          ["apns-request-id", answer.requestId] as const,
          ["apns-unique-id", answer.uniqueId] as const,
          ["apns-channel-id", answer.channel] as const
        ].flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  return (
    <section class="card" aria-labelledby="headers-title">
      <header class="card-head">
        <h3 id="headers-title">Headers</h3>
      </header>
      <Table caption="Request" rows={detail.headers} time={detail.time} />
      {answered.length === 0 ? null : <Table caption="Answer" rows={answered} time={detail.time} />}
    </section>
  )
}

const Table = ({
  caption,
  rows,
  time
}: {
  readonly caption: string
  readonly rows: ReadonlyArray<readonly [string, string]>
  readonly time: number
}) => (
  <table class="headers">
    <caption>{caption}</caption>
    <tbody>
      {rows.map(([name, value], index) => {
        const note = meaning(name, value, time)
        return (
          <tr key={`${index} ${name}`}>
            <th scope="row">
              <bdi>{name}</bdi>
            </th>
            <td>
              <bdi>{value}</bdi>
              {note === undefined ? null : <span class="muted"> {note}</span>}
            </td>
          </tr>
        )
      })}
    </tbody>
  </table>
)
