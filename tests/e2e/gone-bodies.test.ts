import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Program, removeHomes, temporaryHome } from './program.ts'

/** Deletions that travel by what is not there any more. */

setDefaultTimeout(60_000)

let running: Program[] = []
afterEach(async () => {
  await Promise.all(running.map((program) => program.close()))
  running = []
  removeHomes()
})

async function launch(home: string, args: string[]): Promise<Program> {
  const program = await Program.start(['--static', ...args], { home })
  running.push(program)
  return program
}

/** Everything a program has written. */
function written(home: string): string {
  const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((file) => readFileSync(join(file.parentPath, file.name), 'latin1')).join('')
}

test('who comes after the words have left every memory sees that there was a message, and has its words nowhere', async () => {
  const [alice, carol] = [temporaryHome(), temporaryHome()]
  const first = await launch(alice, ['--username', 'Alice'])
  const secret = await first.say('a secret that nobody is to know')
  await first.say('what is left')
  await first.do({ do: 'delete', id: secret['id'] })
  await first.close()
  running = []
  const again = await launch(alice, ['--username', 'Alice'])
  const late = await launch(carol, ['--username', 'Carol', '--connect', again.address])
  expect(await late.hears('what is left')).toMatchObject({ backlog: true })
  const history = await late.do({ do: 'history', room: 'general' })
  expect(history['messages']).toMatchObject([
    { id: secret['id'], state: 'deleted', text: '', from: { id: again.id } },
    { text: 'what is left' },
  ])
  expect(late.texts()).toEqual(['what is left'])
  await late.close()
  running = [again]
  expect(written(carol)).toContain('what is left')
  expect(written(carol)).not.toContain('a secret that nobody')
  expect(written(alice)).not.toContain('a secret that nobody')
})
