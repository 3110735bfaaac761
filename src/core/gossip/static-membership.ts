import type { Contact, MembershipMessage } from '../../wire/membership.ts'
import type { Membership, MembershipOutput } from './membership.ts'

/**
 * Every link is a neighbour's and no others are looked for: a network exactly as its links were given. Speaks to peers that choose their
 * neighbours as far as they need it: it asks them, agrees to whatever they ask, and forgets whom they tell of.
 */
export class StaticMembership implements Membership {
  readonly known: readonly Contact[] = []
  readonly worthKeeping: readonly Contact[] = []
  private readonly links = new Set<string>()
  private outputs: MembershipOutput[] = []

  get neighbours(): readonly string[] {
    return [...this.links]
  }

  meet(): void {}

  join(): void {}

  seek(): null {
    return null
  }

  linkUp({ key }: Contact, _host: string, _nowMs: number, via: 'dialled' | 'accepted'): void {
    if (this.links.has(key)) return
    this.links.add(key)
    this.greet(key, via)
    this.outputs.push({ kind: 'neighbour', peer: key, state: 'up' })
  }

  linkDown(key: string): void {
    if (this.links.delete(key)) this.outputs.push({ kind: 'neighbour', peer: key, state: 'down' })
  }

  linkReplaced(key: string, _nowMs: number, via: 'dialled' | 'accepted'): void {
    if (this.links.has(key)) this.greet(key, via)
  }

  dialFailed(): void {}

  received(from: string, message: MembershipMessage): void {
    if (!this.links.has(from)) return
    switch (message.kind) {
      case 'join':
      case 'neighbor':
        return this.agree(from)
      case 'neighbor-reply':
        if (!message.accepted) this.drop(from, 'has neighbours enough')
        return
      case 'disconnect':
        return this.drop(from, 'gave our place to another')
    }
  }

  probed(): void {}

  wake(): void {}

  nextWakeMs(): null {
    return null
  }

  takeOutputs(): readonly MembershipOutput[] {
    const { outputs } = this
    if (outputs.length > 0) this.outputs = []
    return outputs
  }

  /** Says first what makes us neighbours to a peer that counts them, so that all that follows finds its place. */
  private greet(key: string, via: 'dialled' | 'accepted'): void {
    if (via === 'accepted') this.agree(key)
    else this.outputs.push({ kind: 'send', to: key, message: { kind: 'neighbor', priority: 'high' } })
  }

  private agree(key: string): void {
    const message: MembershipMessage = { kind: 'neighbor-reply', accepted: true, contacts: [] }
    this.outputs.push({ kind: 'send', to: key, message })
  }

  private drop(key: string, reason: string): void {
    this.linkDown(key)
    this.outputs.push({ kind: 'drop', peer: key, reason })
  }
}
