import { afterEach, describe, expect, test } from 'bun:test'
import { ENTRY } from './terminal-process.ts'

let child: ReturnType<typeof spawn>

function spawn(...args: string[]) {
  return Bun.spawn([process.execPath, ENTRY, '--json', ...args], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    lazy: true,
  })
}

afterEach(() => child.kill('SIGKILL'))

/** All of standard output, every line of which has to be JSON, once the process has ended. */
async function ended(status = 0, reader = child.stdout.getReader()): Promise<Record<string, unknown>[]> {
  const decoder = new TextDecoder()
  let text = ''
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    text += decoder.decode(read.value, { stream: true })
  }
  expect(await child.exited).toBe(status)
  expect(await child.stderr.text()).toBe('')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

describe('JSON mode in a process of its own', () => {
  test('answers ten thousand says in order, in a second', async () => {
    child = spawn()
    const total = 10_000
    const begun = performance.now()
    for (let ref = 0; ref < total; ref++) child.stdin.write(`{"do":"say","text":"number ${ref}","ref":${ref}}\n`)
    child.stdin.end()
    const events = await ended()
    expect(performance.now() - begun).toBeLessThan(3000)
    const refs = events.filter(({ event }) => event === 'reply').map(({ ref }) => ref)
    expect(refs).toEqual(Array.from({ length: total }, (_, index) => index))
    expect(events.filter(({ event }) => event === 'message').length).toBe(total)
  })

  test('loses no line when its reader starts late', async () => {
    child = spawn('--flood', '20000')
    // Only this ends it, and it writes far more than a pipe holds before it reads this.
    child.stdin.write('/quit\n')
    await child.stdin.end()
    const events = await ended()
    expect(events.length).toBe(20_001)
    expect(events.slice(0, 2)).toMatchObject([{ text: 'hello 20000' }, { text: 'hello 19999' }])
    expect(events.slice(-2)).toMatchObject([{ text: 'hello 1' }, { event: 'reply', to: 'quit' }])
  })

  test('ends quietly when its reader has gone', async () => {
    child = spawn('--flood', '5000')
    const reader = child.stdout.getReader()
    await reader.read()
    await reader.cancel()
    // Until it has noticed: each of these makes it write.
    while (child.exitCode === null) {
      child.kill('SIGUSR2')
      await Promise.race([child.exited, new Promise((resolve) => setImmediate(resolve))])
    }
    expect(child.exitCode).toBe(0)
    expect(await child.stderr.text()).toBe('')
  })

  test('reads CRLF, characters cut in two, a line without an end, and outlives a megabyte without a line feed', async () => {
    child = spawn()
    child.stdin.write(Buffer.concat([Buffer.from('x'.repeat(1_000_000)), Buffer.from('\r\n')]))
    const bytes = Buffer.from('{"do":"say","text":"grüße 🎉","ref":1}\r\n/say last')
    for (let start = 0; start < bytes.length; start += 7) {
      child.stdin.write(bytes.subarray(start, start + 7))
      await child.stdin.flush()
    }
    child.stdin.end()
    const events = await ended()
    expect(events[0]).toMatchObject({ event: 'error', code: 'line-too-long' })
    const texts = events.filter(({ event }) => event === 'message').map(({ text }) => text)
    expect(texts).toEqual(['grüße 🎉', 'last'])
  })

  test('leaves in order on SIGTERM with 0 and on SIGINT with 130', async () => {
    for (const [signal, status] of [['SIGTERM', 0] as const, ['SIGINT', 130] as const]) {
      child = spawn('--flood', '1')
      const reader = child.stdout.getReader()
      await reader.read()
      child.kill(signal)
      await ended(status, reader)
    }
  })
})
