import { systemClock } from '../../../src/adapters/system-clock.ts'
import { VoiceSupervisor } from '../../../src/app/voice/supervisor.ts'

/** A main process with a voice process, to be killed: prints the number of the second. */

const supervisor = new VoiceSupervisor({
  command: process.argv.slice(2),
  environment: process.env,
  clock: systemClock,
  log: () => {},
  changed: ({ is }) => is === 'running' && supervisor.send({ do: 'devices' }),
  heard: (report) => report.tell === 'devices' && console.log(report.inputs[0]!.name),
})
supervisor.start()
