import type { Fault, Outcome } from '../../src/app/chat.ts'
import type { VoiceDevices } from '../../src/app/voice/contract.ts'
import type { VoiceSetup } from '../../src/app/voice/setup.ts'

/** Sound that is not there: one microphone, which hears a voice, and one pair of headphones. */
export class FakeSetup implements VoiceSetup {
  readonly did: string[] = []
  fault: Fault | null = null

  async devices(): Promise<Outcome<VoiceDevices>> {
    this.did.push('devices')
    const device = { isDefault: true, chosen: true }
    return (
      this.fault ?? {
        ok: true,
        inputs: [{ ...device, id: 'mic', name: 'Microphone' }],
        outputs: [{ ...device, id: 'ear', name: 'Headphones' }],
      }
    )
  }

  choose(input: string | null, output: string | null): void {
    this.did.push(`${input} ${output}`)
  }

  test({ level }: Parameters<VoiceSetup['test']>[0]): { end(): void } {
    this.did.push('test')
    level(-30)
    return { end: () => this.did.push('end') }
  }

  keep(): void {
    this.did.push('keep')
  }

  async close(): Promise<void> {
    this.did.push('close')
  }
}
