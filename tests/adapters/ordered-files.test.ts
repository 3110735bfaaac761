import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { orderedFiles } from '../../src/adapters/ordered-files.ts'
import type { ResumeHeader } from '../../src/core/transfer/resume.ts'
import type { Target } from '../../src/ports/files.ts'

const header: ResumeHeader = {
  offer: { root: new Uint8Array(32), size: 9, manifestBytes: 0, entries: 0, changedMs: 0, name: 'a' },
  ...{ from: new Uint8Array(32), event: new Uint8Array(32), room: 'general', name: 'a' },
}

async function target(write: (bytes: Uint8Array) => Promise<unknown>): Promise<Target> {
  const made = await orderedFiles(write).create('/', header, null)
  if (!made.ok) throw new Error(made.message)
  return made
}

describe('what goes to a stream', () => {
  test('goes in order, all of it and once, in whatever order it comes and however slow the reader is', async () => {
    const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(parts, fc.infiniteStream(fc.nat(1000)), fc.boolean(), async (content, chance, isSlow) => {
        const heard: number[] = []
        const made = await target(async (bytes) => {
          if (isSlow) await Promise.resolve()
          heard.push(...bytes)
          return null
        })
        let at = 0
        const placed = content.map((bytes) => {
          at += bytes.length
          return { at: at - bytes.length, bytes, rank: chance.next().value }
        })
        for (const part of placed.toSorted((a, b) => a.rank - b.rank)) {
          const bytes = part.bytes.slice()
          expect(await made.write(part.at, bytes)).toBeNull()
          // The memory it came in is used again.
          bytes.fill(0)
        }
        expect(await made.finish()).toEqual({ ok: true, path: '' })
        expect(heard).toEqual(content.flatMap((bytes) => [...bytes]))
      }),
      { numRuns: 50 },
    )
  })

  test('tells how much has been handed on, so that no more comes than has room', async () => {
    const told: number[] = []
    const taken: (() => void)[] = []
    const made = await target(() => new Promise((resolve) => taken.push(() => resolve(null))))
    made.inOrder?.hear((bytes) => told.push(bytes))
    const megabyte = 1024 * 1024
    await made.write(megabyte, new Uint8Array(megabyte))
    await made.write(0, new Uint8Array(megabyte))
    expect(told).toEqual([])
    taken.shift()!()
    await Promise.resolve()
    await Promise.resolve()
    expect(told).toEqual([megabyte])
    taken.shift()!()
    await made.finish()
    expect(told).toEqual([megabyte, 2 * megabyte])
    expect(made.inOrder?.aheadBytes).toBe(16 * megabyte)
  })

  test('whose reader has gone is a fault, in a sentence', async () => {
    const made = await target(async () => Object.assign(new Error('EPIPE'), { code: 'EPIPE' }))
    await made.write(0, new Uint8Array(9))
    expect(await made.finish()).toMatchObject({
      ok: false,
      message: 'Nobody reads standard output any more. Start both again.',
    })
    expect(await made.write(9, new Uint8Array(9))).toMatchObject({ ok: false })
  })

  test('is one file: a folder is refused before anything of it comes', async () => {
    const made = await orderedFiles(async () => null).create('/', header, [])
    expect(made).toMatchObject({ ok: false, code: 'not-a-file' })
  })
})
