import type { Pattern, Token } from '../../src/crypto/noise-pattern.ts'

/**
 * All one-way, interactive and deferred patterns of Noise revision 34 (sections 7.4, 7.5, and 18.1), as written there: messages
 * divided by `|`, the initiator's first. A name tells the pre-messages: K for a static key that is known.
 */
const PATTERNS: Readonly<Record<string, string>> = {
  N: 'e es',
  K: 'e es ss',
  X: 'e es s ss',

  NN: 'e | e ee',
  NK: 'e es | e ee',
  NX: 'e | e ee s es',
  KN: 'e | e ee se',
  KK: 'e es ss | e ee se',
  KX: 'e | e ee se s es',
  XN: 'e | e ee | s se',
  XK: 'e es | e ee | s se',
  XX: 'e | e ee s es | s se',
  IN: 'e s | e ee se',
  IK: 'e es s ss | e ee se',
  IX: 'e s | e ee se s es',

  NK1: 'e | e ee es',
  NX1: 'e | e ee s | es',
  X1N: 'e | e ee | s | se',
  X1K: 'e es | e ee | s | se',
  XK1: 'e | e ee es | s se',
  X1K1: 'e | e ee es | s | se',
  X1X: 'e | e ee s es | s | se',
  XX1: 'e | e ee s | es s se',
  X1X1: 'e | e ee s | es s | se',
  K1N: 'e | e ee | se',
  K1K: 'e es | e ee | se',
  KK1: 'e | e ee se es',
  K1K1: 'e | e ee es | se',
  K1X: 'e | e ee s es | se',
  KX1: 'e | e ee se s | es',
  K1X1: 'e | e ee s | se es',
  I1N: 'e s | e ee | se',
  I1K: 'e es s | e ee | se',
  IK1: 'e s | e ee se es',
  I1K1: 'e s | e ee es | se',
  I1X: 'e s | e ee s es | se',
  IX1: 'e s | e ee se s | es',
  I1X1: 'e s | e ee s | se es',
}

const TOKENS: readonly Token[] = ['e', 's', 'ee', 'es', 'se', 'ss']

/** The pattern of a name such as `XX` or `NXpsk0+psk2` (section 9.4: psk0 begins the first message, pskN ends the Nth). */
export function patternOf(name: string): Pattern {
  const [, base, modifiers] = /^([A-Z0-9]+)(.*)$/.exec(name)!
  const messages = PATTERNS[base!]!.split(' | ').map((message) => message.split(' ').map(tokenOf))
  for (const modifier of modifiers === '' ? [] : modifiers!.split('+')) {
    const place = Number(modifier.replace('psk', ''))
    if (place === 0) messages[0]!.unshift('psk')
    else messages[place - 1]!.push('psk')
  }
  const [initiator, responder] = base!.replaceAll('1', '')
  const oneWay = responder === undefined
  // One letter names the sender's key; the recipient's is always known.
  return { name, initiatorKnown: initiator === 'K', responderKnown: oneWay || responder === 'K', messages }
}

export const ALL_PATTERN_NAMES: readonly string[] = Object.keys(PATTERNS)

function tokenOf(text: string): Token {
  const token = TOKENS.find((known) => known === text)
  if (token === undefined) throw new Error(`no such token: ${text}`)
  return token
}
