/** Handshake patterns as data (Noise revision 34, section 7). */
export type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss'

export interface Pattern {
  readonly name: string
  /** What each side knows of the other before the first message: `s` where the static key is known. */
  readonly initiatorKnown: boolean
  readonly responderKnown: boolean
  /** Messages in turn, the initiator's first. */
  readonly messages: readonly (readonly Token[])[]
}

/** Both sides learn each other's static key under encryption: links (section 7.5). */
export const XX: Pattern = {
  name: 'XX',
  initiatorKnown: false,
  responderKnown: false,
  messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']],
}

/** One way, both static keys known: sealed direct messages (section 7.4). */
export const K: Pattern = {
  name: 'K',
  initiatorKnown: true,
  responderKnown: true,
  messages: [['e', 'es', 'ss']],
}
