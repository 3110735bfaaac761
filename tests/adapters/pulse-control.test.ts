import { afterAll, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PulseEnvironment, pulseDevices } from '../../src/adapters/pulse-control.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearsay-pactl-'))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A sound server's `pactl` that fails the first times it is asked for sinks, saying so. */
function pactl(failures: number, saying: string): PulseEnvironment {
  const asked = join(folder, 'asked')
  const path = join(folder, 'pactl')
  const script = `#!/bin/sh
case "$4" in
  sinks)
    echo asked >> ${asked}
    if [ "$(wc -l < ${asked})" -le ${failures} ]; then echo "${saying}" >&2; exit 1; fi
    echo '[{"name":"ear","description":"Headphones"}]' ;;
  sources) echo '[]' ;;
  *) echo '{"default_sink_name":"ear"}' ;;
esac
`
  writeFileSync(asked, '')
  writeFileSync(path, script)
  chmodSync(path, 0o755)
  return { PATH: `${folder}:/usr/bin:/bin` }
}

const timesAsked = (): number => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n').length

test.skipIf(process.platform === 'win32')(
  'a busy sound server that takes nobody in just now is asked again',
  async () => {
    const found = await pulseDevices(pactl(2, 'Connection failure: Connection refused'))
    expect(found?.outputs).toEqual([{ id: 'ear', name: 'Headphones', isDefault: true }])
    expect(timesAsked()).toBe(3)
  },
)

test.skipIf(process.platform === 'win32')('a pactl that cannot do what is asked of it is not asked again', async () => {
  expect(await pulseDevices(pactl(9, 'pactl: invalid option'))).toBeNull()
  expect(timesAsked()).toBe(1)
})
