import { networkInterfaces } from 'node:os'
import { type Address, formatAddress } from '../base/address.ts'
import { formatIp, ipScope, parseIp, plainHost } from '../base/ip.ts'
import { type DatagramFault, type DatagramSocket, type Datagrams, ENDPOINTS_MAX } from '../ports/datagrams.ts'

/**
 * A datagram that nobody took comes back as an error of the socket, once, at the next sending, whoever that is to: which then has not been
 * sent. So what fails is tried again once.
 */
const TRIES = 2

/** UDP over Bun's own sockets. */
export const bunUdp: Datagrams = {
  async bind(local, events) {
    const address = parseIp(local.host)
    if (address === null) return datagramFault(local, { code: 'EADDRNOTAVAIL' })
    let over = false
    // The last one heard: most datagrams come from where the one before came from, or the one before that.
    const known = new KnownAddresses()
    try {
      const socket = await Bun.udpSocket({
        hostname: local.host,
        port: local.port,
        socket: {
          data(_socket, datagram, port, host) {
            // Bun hands out a Buffer over memory of its own each time; as a plain array it slices by copying.
            const bytes = new Uint8Array(datagram.buffer, datagram.byteOffset, datagram.byteLength)
            if (!over) events.received(bytes, known.address(host, port))
          },
          // Without it one datagram that nobody takes would end the process. What it says is known: something was lost.
          error() {},
        },
      })
      return new BunDatagramSocket(socket, { host: local.host, port: socket.port }, () => {
        over = true
      })
    } catch (error) {
      return datagramFault(local, error)
    }
  },
}

type Sending = Pick<Bun.udp.Socket<'buffer'>, 'send' | 'close'>

class BunDatagramSocket implements DatagramSocket {
  readonly ok = true

  constructor(
    private readonly socket: Sending,
    readonly local: Address,
    private readonly over: () => void,
  ) {}

  endpoints(): Address[] {
    const { host, port } = this.local
    const own = parseIp(host)!
    if (!own.every((byte) => byte === 0)) return [this.local]
    const hosts = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
    const endpoints = hosts.flatMap(({ address }) => {
      const ip = parseIp(address)
      if (ip === null || (own.length === 4 && ip.length !== 4)) return []
      const scope = ipScope(ip)
      return scope === 'private' || scope === 'global' ? [{ host: formatIp(ip), port }] : []
    })
    return endpoints.slice(0, ENDPOINTS_MAX)
  }

  send(datagram: Uint8Array, to: Address): boolean {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        return this.socket.send(datagram, to.port, to.host)
      } catch {
        // Told by the answer: a datagram that was not sent is one that was lost.
      }
    }
    return false
  }

  close(): void {
    this.over()
    this.socket.close()
  }
}

/** Senders heard of late, so that no address is made anew for each datagram. */
const KNOWN_MAX = 256

class KnownAddresses {
  private readonly byKey = new Map<string, Address>()

  address(host: string, port: number): Address {
    const key = `${host} ${port}`
    const known = this.byKey.get(key)
    if (known !== undefined) return known
    // Somebody who makes up senders makes it begin anew, and no more.
    if (this.byKey.size >= KNOWN_MAX) this.byKey.clear()
    const address = { host: plainHost(host), port }
    this.byKey.set(key, address)
    return address
  }
}

function datagramFault(local: Address, cause: unknown): DatagramFault {
  const code = typeof cause === 'object' && cause !== null ? String(Reflect.get(cause, 'code')) : ''
  const where = `UDP ${formatAddress(local)}`
  if (code === 'EADDRINUSE') {
    const message = `${where} is taken by another program: choose another port for voice, or end that program.`
    return { ok: false, code: 'port-taken', message, cause }
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const message = `${where} may not be used without more rights: choose a port from 1024 up.`
    return { ok: false, code: 'not-allowed', message, cause }
  }
  if (code === 'EADDRNOTAVAIL') {
    const message = `${where} is not an address of this machine: choose one that is.`
    return { ok: false, code: 'no-such-address', message, cause }
  }
  const text = cause instanceof Error ? cause.message : String(cause)
  return {
    ok: false,
    code: 'network',
    message: `${where} cannot be used for voice: ${text}. --udp-port chooses another.`,
    cause,
  }
}
