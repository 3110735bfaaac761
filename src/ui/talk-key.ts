import type { Writable } from 'node:stream'
import type { Voice, VoiceView } from '../app/voice/contract.ts'
import { HoldKey } from './hold-key.ts'
import { KeyFilter } from './key-filter.ts'

/** Asks what of the kitty keyboard protocol is in use, which only terminals that know it answer. */
const ASK = '\x1b[?u'
/** Has event types reported, beside what was set before; and as it was before. */
const BEGIN = '\x1b[>2u'
const END = '\x1b[<u'

export interface TalkKeyOptions {
  readonly voice: Voice
  /** The terminal. */
  readonly output: Writable
  nowMs(): number
}

/** Push-to-talk by a key of the terminal, for as long as we are in voice that way. */
export class TalkKey {
  private readonly filter: KeyFilter
  private readonly hold: HoldKey
  /** We have asked what the terminal knows, and what we have it do. */
  private hasAsked = false
  private isSupported = false
  private isTelling = false
  private isOurs = true

  constructor(private readonly options: TalkKeyOptions) {
    const { nowMs } = options
    this.hold = new HoldKey({
      nowMs,
      timer(ms, fire) {
        const timer = setTimeout(fire, ms)
        return () => clearTimeout(timer)
      },
      held: (isHeld) => void this.press(isHeld),
    })
    this.filter = new KeyFilter({
      takes: (key) => this.isWanted && key === this.view.talkKey,
      key: (_, kind) => this.hold.hear(kind),
      supported: () => {
        this.isSupported = true
        this.settle()
      },
    })
  }

  /** What others are to see of what was typed. */
  pass(chunk: Uint8Array | string): Buffer {
    return this.filter.pass(chunk)
  }

  /** To be called when voice has changed. */
  settle(): void {
    const { view, isWanted } = this
    this.hold.isNow(view.pressed)
    const { output } = this.options
    if (isWanted && !this.hasAsked) {
      this.hasAsked = true
      output.write(ASK)
    }
    const tells = isWanted && this.isSupported && this.isOurs
    if (tells === this.isTelling) return
    this.isTelling = tells
    this.hold.tellsReleases = tells
    output.write(tells ? BEGIN : END)
  }

  /** The terminal is ours, or somebody else's for a while or for good. Resolves when nobody is held to be talking for a key nobody sees come up. */
  async given(isOurs: boolean): Promise<void> {
    this.isOurs = isOurs
    const isLetGo = isOurs ? undefined : this.press(false)
    this.settle()
    await isLetGo
  }

  private get view(): VoiceView {
    return this.options.voice.view()
  }

  private get isWanted(): boolean {
    const { room, mode, talkKey } = this.view
    return room !== null && mode === 'push' && talkKey !== null
  }

  private async press(on: boolean): Promise<void> {
    // Before the answer has changed what is shown, and not where nothing is to be changed.
    if (this.view.room !== null && this.view.pressed !== on) await this.options.voice.press(on)
  }
}
