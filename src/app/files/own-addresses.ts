import type { Address } from '../../base/address.ts'
import { formatIp, ipScope, parseIp } from '../../base/ip.ts'
import { HOLDING_ADDRESSES_MAX } from '../../wire/holding.ts'

/**
 * Where those who are not linked with us may find us for files: what we listen on, or where that is everything, the machine's addresses. Told only to a room in
 * which somebody asks for something that we have.
 */
export function ownAddresses(local: Address, interfaces: readonly string[]): Address[] {
  const listening = parseIp(local.host)
  const isEverything = listening?.every((byte) => byte === 0) === true
  const hosts = isEverything ? interfaces : [local.host]
  return hosts
    .flatMap((host) => {
      const ip = parseIp(host)
      const isOfUse = ip !== null && (!isEverything || ipScope(ip) !== 'loopback')
      return isOfUse ? [{ host: formatIp(ip), port: local.port }] : []
    })
    .slice(0, HOLDING_ADDRESSES_MAX)
}
