import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** `0A` in /proc/net/tcp: a socket that listens. */
const LISTENING = '0A'

/**
 * Who listens on a TCP port, as "name (pid 123)", where the system tells: on Linux, of processes this user may look
 * at (proc(5): net/tcp and pid/fd). Null where it does not.
 */
export function portHolder(port: number): string | null {
  try {
    const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(table, port)))
    return inodes.size === 0 ? null : holderOf(inodes)
  } catch {
    return null
  }
}

function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes: string[] = []
  for (const line of readFileSync(table, 'utf8').split('\n').slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
    if (state === LISTENING && inode !== undefined && local?.endsWith(`:${wanted}`)) inodes.push(`socket:[${inode}]`)
  }
  return inodes
}

function holderOf(sockets: ReadonlySet<string>): string | null {
  for (const pid of readdirSync('/proc')) {
    if (/^\d+$/.test(pid) && holds(pid, sockets)) {
      return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`
    }
  }
  return null
}

function holds(pid: string, sockets: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`))
      } catch {
        return false
      }
    })
  } catch {
    // Another user's process, or one that has just ended.
    return false
  }
}
