/**
 * `hapns`. Its target names the host, so a target of ours with another base URL is handed to it. Its pool opens a
 * connection for each request under way (undici with `pipelining: 1` and no bound). The CA comes by NODE_EXTRA_CA_CERTS.
 */
import { readFile } from "node:fs/promises"
import { TokenConnector } from "hapns/connectors/token"
import { AlertNotification } from "hapns/notifications/AlertNotification"
import { send } from "hapns/send"
import { Device } from "hapns/targets/device"
import { main, settle } from "./harness.ts"
import { alert, badge, data, device, id, sound } from "./workload.ts"

await main(async ({ url, credentials, topic }) => {
  const { keyId, teamId, privateKeyFile } = credentials
  const connector = TokenConnector({
    key: new Uint8Array(await readFile(privateKeyFile)),
    keyId,
    teamIdentifier: teamId
  })
  const getBaseUrl = () => url
  return {
    send: (index, done) => {
      const notification = AlertNotification(topic, { payload: { alert, badge, sound }, appData: data, priority: 10 })
      settle(send(connector, notification, { ...Device(device(index)), getBaseUrl }, { apnsId: id() }), done)
    },
    close: () => {}
  }
})
