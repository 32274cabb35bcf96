/**
 * Which hosts NO_PROXY exempts. Nobody has written down what it means; this is what curl and Go agree on, where a name
 * stands for its subdomains too, and Go's reading of `.name` and of ranges. Pure.
 */
import * as Net from "node:net"

const familyOf = (address: string) => (Net.isIPv6(address) ? "ipv6" : "ipv4")

const bare = (name: string) => name.toLowerCase().replace(/^\[(.*)\]$/, "$1")

const coversAddress = (entry: string, address: string) => {
  const [base = "", prefix, ...rest] = entry.split("/")
  if (Net.isIP(base) === 0 || rest.length > 0) return false
  const list = new Net.BlockList()
  if (prefix === undefined) {
    list.addAddress(base, familyOf(base))
  } else {
    const bits = Number(prefix)
    if (!/^\d+$/.test(prefix) || bits > (Net.isIPv6(base) ? 128 : 32)) return false
    list.addSubnet(base, bits, familyOf(base))
  }
  return list.check(address, familyOf(address))
}

const coversName = (entry: string, name: string) => {
  const suffix = entry.replace(/^\*\./, ".")
  return suffix.startsWith(".") ? name.endsWith(suffix) : name === suffix || name.endsWith(`.${suffix}`)
}

const covers = (entry: string, host: string, port: number) => {
  if (entry === "*") return true
  const withPort = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry)
  if (withPort !== null && Number(withPort[2]) !== port) return false
  const name = bare(withPort?.[1] ?? entry)
  return Net.isIP(host) === 0 ? coversName(name.replace(/\.$/, ""), host) : coversAddress(name, host)
}

/** Whether a list like that of NO_PROXY names the host. */
export const isExempt = (list: string, host: string, port: number): boolean => {
  const name = bare(host).replace(/\.$/, "")
  return list.split(/[\s,]+/).some((entry) => entry !== "" && covers(entry, name, port))
}
