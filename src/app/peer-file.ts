import { join } from 'node:path'
import { formatAddress, parseAddress } from '../base/address.ts'
import type { Contact } from '../wire/membership.ts'
import { readSmallFile, replaceSmallFile } from './small-file.ts'

/** A hundred acquaintances and neighbours, a key and the longest address each, twice over. */
const PEERS_KEPT_MAX = 128
const FILE_BYTES_MAX = 64 * 1024

const HEADER = `# Peers that hearsay was linked with, the best first: tried again at the next start.
# It may be deleted at any time; it is written anew.
`

/** Peers worth remembering from one start to the next, as a file of lines: a key and where it listens. */
export class PeerFile {
  readonly path: string
  private written = ''

  constructor(
    folder: string,
    private readonly log: (code: string, message: string) => void,
  ) {
    this.path = join(folder, 'peers.txt')
  }

  /** What was kept; lines that say nothing are passed over, and nothing at all comes of a file that cannot be read. */
  load(): Contact[] {
    const file = readSmallFile(this.path, FILE_BYTES_MAX)
    if (!file.ok) {
      if (file.code !== 'missing') this.log('peers', `${this.path} cannot be read: ${file.said}.`)
      return []
    }
    const contacts = new Map<string, Contact>()
    for (const line of new TextDecoder().decode(file.bytes).split('\n')) {
      const contact = readLine(line)
      if (contact !== null && contacts.size < PEERS_KEPT_MAX) contacts.set(contact.key, contact)
    }
    return [...contacts.values()]
  }

  /** Keeps these and no others. Knowing nobody is no news: a start that found nobody forgets nobody. */
  save(contacts: readonly Contact[]): void {
    const lines = contacts.slice(0, PEERS_KEPT_MAX).flatMap((contact) => writeLine(contact))
    const text = `${HEADER}${lines.join('')}`
    if (lines.length === 0 || text === this.written) return
    const outcome = replaceSmallFile(this.path, text)
    if (outcome.ok) this.written = text
    else this.log('peers', `${this.path} cannot be written: ${outcome.said}.`)
  }
}

function readLine(line: string): Contact | null {
  const [, key, where] = /^([0-9a-f]{64}) (\S+)$/.exec(line.trim()) ?? []
  const address = where === undefined ? null : parseAddress(where)
  return key === undefined || address === null ? null : { key, address }
}

function writeLine({ key, address }: Contact): string[] {
  return address === null ? [] : [`${key} ${formatAddress(address)}\n`]
}
