import type { TcpFault } from '../ports/tcp.ts'

const NO_SUCH_HOST: TcpFault = { code: 'no-such-host', message: 'is not a host name that can be found' }

const KNOWN: Record<string, TcpFault> = {
  ECONNREFUSED: { code: 'refused', message: 'refused the connection: nothing listens there' },
  ECONNRESET: { code: 'reset', message: 'broke the connection off' },
  EPIPE: { code: 'reset', message: 'broke the connection off' },
  ETIMEDOUT: { code: 'timeout', message: 'did not answer' },
  EHOSTUNREACH: { code: 'unreachable', message: 'cannot be reached from here: there is no way to that host' },
  ENETUNREACH: { code: 'unreachable', message: 'cannot be reached from here: there is no way to that network' },
  ENOTFOUND: NO_SUCH_HOST,
  EAI_AGAIN: { code: 'no-such-host', message: 'could not be looked up: the name service does not answer' },
  EADDRINUSE: { code: 'port-taken', message: 'is taken by another program' },
  EACCES: { code: 'not-allowed', message: 'may not be used without more rights' },
  EPERM: { code: 'not-allowed', message: 'is not allowed here' },
  EADDRNOTAVAIL: { code: 'unreachable', message: 'is not an address of this machine' },
}

/** What an error of the socket layer means; the message is the end of a sentence that begins with the address. */
export function tcpFault(error: unknown): TcpFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const known = KNOWN[code] ?? (code.startsWith('DNS_') ? NO_SUCH_HOST : undefined)
  if (known !== undefined) return known
  const text = error instanceof Error ? error.message : String(error)
  // The runtime says no more than this of a name that leads nowhere.
  if (text.startsWith('Failed to listen')) return NO_SUCH_HOST
  return { code: 'other', message: `could not be used: ${text}` }
}
