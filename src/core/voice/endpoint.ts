import type { Address } from '../../base/address.ts'
import { formatIp, ipScope, parseIp } from '../../base/ip.ts'

/** Below are the services of others, which no voice socket is, and which nobody gets us to knock at. */
const PORT_MIN = 1_024

/**
 * The endpoint, written in the one way it can be, if a datagram may be sent there because somebody says so: a literal address that one host has,
 * and a port that nobody's service has. Null otherwise. `loopback`: whether this node's own socket is open to this machine alone.
 */
export function usableEndpoint(address: Address, loopback: boolean): Address | null {
  const ip = parseIp(address.host)
  if (ip === null || !Number.isInteger(address.port) || address.port < PORT_MIN || address.port > 65_535) return null
  const scope = ipScope(ip)
  if (scope === 'none' || (scope === 'loopback') !== loopback) return null
  return { host: formatIp(ip), port: address.port }
}
