import type { HyParViewOutput } from '../../../src/core/gossip/hyparview.ts'
import type { Contact, MembershipMessage } from '../../../src/wire/membership.ts'
import type { Actor } from './world.ts'

/**
 * A peer that follows no rule but its plan: it agrees to whatever it is asked, keeps links as long as it can, and does
 * its harm every `everyMs`.
 */
export abstract class Adversary implements Actor {
  protected readonly links = new Set<string>()
  /** Links over which the other end has agreed to be neighbours. */
  protected readonly neighbours = new Set<string>()
  private readonly outputs: HyParViewOutput[] = []
  private dueMs: number

  constructor(
    protected readonly key: string,
    private readonly everyMs: number,
    startMs: number,
  ) {
    this.dueMs = startMs
  }

  /** The harm done at each turn. */
  protected abstract act(nowMs: number): void

  /** Whom it names to those who ask; `nonce` is that of a shuffle to answer. */
  protected abstract lies(): readonly Contact[]

  protected send(to: string, message: MembershipMessage): void {
    if (this.links.has(to)) this.outputs.push({ kind: 'send', to, message })
  }

  protected dial(contact: Contact): void {
    this.outputs.push({ kind: 'dial', contact })
  }

  linkUp(contact: Contact): void {
    this.links.add(contact.key)
  }

  linkDown(key: string): void {
    this.links.delete(key)
    this.neighbours.delete(key)
  }

  dialFailed(): void {}

  probed(): void {}

  received(from: string, message: MembershipMessage): void {
    switch (message.kind) {
      case 'join':
      case 'neighbor':
        this.neighbours.add(from)
        return this.send(from, { kind: 'neighbor-reply', accepted: true, contacts: this.lies() })
      case 'neighbor-reply':
        if (message.accepted) this.neighbours.add(from)
        return
      case 'shuffle':
        return this.send(from, { kind: 'shuffle-reply', nonce: message.nonce, contacts: this.lies() })
      default:
        return
    }
  }

  wake(nowMs: number): void {
    if (nowMs < this.dueMs) return
    this.dueMs = nowMs + this.everyMs
    this.act(nowMs)
  }

  nextWakeMs(): number {
    return this.dueMs
  }

  takeOutputs(): HyParViewOutput[] {
    return this.outputs.splice(0)
  }
}
