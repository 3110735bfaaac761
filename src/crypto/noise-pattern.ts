/**
 * Handshake patterns as data (Noise revision 34, section 7), so that one state machine runs them all. Of a DH token the first
 * letter names the initiator's key and the second the responder's, `e` ephemeral and `s` static.
 */
export type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk'

export interface Pattern {
  /** As in the protocol's name, modifiers included: `XX`, `IKpsk2`. */
  readonly name: string
  /** Pre-message `-> s`: the responder knows the initiator's static key beforehand. */
  readonly initiatorKnown: boolean
  /** Pre-message `<- s`: the initiator knows the responder's static key beforehand. */
  readonly responderKnown: boolean
  /** The tokens of each message in turn, the initiator's first. */
  readonly messages: readonly (readonly Token[])[]
}

/** Both sides learn each other's static key, the initiator's hidden from everyone else: links (section 7.5). */
export const XX: Pattern = {
  name: 'XX',
  initiatorKnown: false,
  responderKnown: false,
  messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']],
}

/** One message, both static keys known beforehand: sealed direct messages (section 7.4). */
export const K: Pattern = {
  name: 'K',
  initiatorKnown: true,
  responderKnown: true,
  messages: [['e', 'es', 'ss']],
}
