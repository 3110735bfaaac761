import type { VoiceSteering } from '../../node/voice-outputs.ts'
import type { Driver } from '../driver.ts'

/** The side of a node that voice is steered by, with what follows from it carried out. */
export function steeringOf(driver: Driver): VoiceSteering {
  const run = <T>(act: (voice: VoiceSteering) => T): T => driver.run((node, instant) => act(node.voiceAt(instant)))
  return {
    join: (room) => run((voice) => voice.join(room)),
    reachable: (endpoints) => run((voice) => voice.reachable(endpoints)),
    anew: () => run((voice) => voice.anew()),
    state: (muted, deafened) => run((voice) => voice.state(muted, deafened)),
    leave: () => run((voice) => voice.leave()),
    get room() {
      return driver.node.voice.room
    },
    present: (room) => driver.node.voice.present(room),
  }
}
