import { systemClock } from '../../adapters/system-clock.ts'
import type { VoiceSteering } from '../../node/voice-outputs.ts'
import type { Outcome } from '../chat.ts'
import type { AppEvent } from '../events.ts'
import { openLog } from '../log.ts'
import { People } from '../people.ts'
import { ChoiceStore } from './choices.ts'
import type { VoiceDevices } from './contract.ts'
import { assemble } from './open.ts'

/** Sound for those who have not started yet: what there is, and whether it works. */
export interface VoiceSetup {
  devices(): Promise<Outcome<VoiceDevices>>
  /** Null: the default. */
  choose(input: string | null, output: string | null): void
  /**
   * Plays back what the microphone hears, until `end`, or for some seconds: `begun` once it does, with what to do, `level` ten times a second,
   * `over` once, with what came of it.
   */
  test(hears: { begun(advice: string): void; level(peakDb: number): void; over(advice: string): void }): { end(): void }
  /** Remembers what was chosen. */
  keep(): void
  /** Safe to call twice. */
  close(): Promise<void>
}

/** A node that is in no room. */
const NOWHERE: VoiceSteering = {
  join: () => 'not-joined',
  reachable() {},
  anew() {},
  state() {},
  leave() {},
  room: null,
  present: () => [],
}

/** Nothing is started before it is asked for. `folder`: of the configuration. */
export function openVoiceSetup(folder: string, environment: Readonly<Record<string, string | undefined>>): VoiceSetup {
  const log = openLog(false)
  const chosen = { input: null as string | null, output: null as string | null }
  let hear = (_event: AppEvent): void => {}
  const store = new ChoiceStore({ folder: null, isWritten: false, given: {}, log })
  const service = assemble({
    ...{ environment, clock: systemClock, log, steering: NOWHERE, people: new People(), store },
    ...{ listen: { host: '127.0.0.1', port: 0 }, files: { input: null, output: null }, foreign: null },
    emit: (event) => hear(event),
  })
  return {
    devices: () => service.devices(),
    choose(input, output) {
      Object.assign(chosen, { input, output })
      service.choose(chosen)
    },
    test({ begun, level, over }) {
      hear = (event) => {
        if (event.event === 'level') level(event.peakDb)
        else if (event.event === 'notice' && event.code === 'voice-test-begun') begun(event.message)
        else if (event.event === 'notice' || event.event === 'error') over(event.message)
      }
      service.testMicrophone(true)
      return { end: () => void service.testMicrophone(false) }
    },
    keep: () => new ChoiceStore({ folder, isWritten: true, given: {}, log }).choose(chosen),
    close: () => service.close(),
  }
}
