import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRng } from '../../src/base/rng.ts'
import { Once } from './once.ts'
import { freePort, removeHomes, temporaryHome } from './program.ts'

afterAll(removeHomes)

/** `late`: whoever takes them comes when all of them have been offered. */
test.each([
  ['40 small files', 40, 10, false],
  ['40 small files that were offered before', 40, 10, true],
  ['20 larger files', 20, 3_000_000, false],
])(
  '%s that one command sends all arrive by one that receives, and both know',
  async (_, count, bytes, late) => {
    const home = temporaryHome()
    mkdirSync(join(home, 'd'))
    const names = Array.from({ length: count }, (_, i) => `f${i}`)
    for (const [i, name] of names.entries()) writeFileSync(join(home, 'd', name), seededRng(i).bytes(bytes))
    const port = String(await freePort())
    const paths = names.map((name) => `d/${name}`)
    const send = new Once(['send', ...paths, '--port', port, '--no-lan', '--username', 'Anna'], home)
    // A first one that takes none of them hears of all.
    if (late) await new Once(['receive', '--from', '@Nobody', '--wait', '2', '--connect', `127.0.0.1:${port}`]).ended()
    const receive = new Once(['receive', '--connect', `127.0.0.1:${port}`, '--no-lan', '--username', 'Ben'])
    const [sent, received] = await Promise.all([send.ended(), receive.ended()])
    expect(sent).toEqual({ status: 0, output: '', errors: '' })
    expect(received).toMatchObject({ status: 0, errors: '' })
    expect(received.output.trimEnd().split('\n').sort()).toEqual(names.map((name) => join(receive.home, name)).sort())
    expect(readdirSync(receive.home).filter((name) => name.includes('.part'))).toEqual([])
    for (const [i, name] of names.entries()) {
      expect(readFileSync(join(receive.home, name)).equals(seededRng(i).bytes(bytes))).toBe(true)
    }
  },
  60_000,
)
