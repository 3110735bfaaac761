import { expect, test } from 'bun:test'
import type { CircuitPort } from '../../../src/app/files/circuit-port.ts'
import type { FileView } from '../../../src/app/files/contract.ts'
import type { Desk } from '../../../src/app/files/desk.ts'
import { FileRoom, type FileSurrounds } from '../../../src/app/files/file-room.ts'

const REASON = 'Nobody who has it is here. It goes on when somebody is.'

/** What is told of views that follow each other, by somebody who may be ignored. */
function told(views: readonly Partial<FileView>[], isIgnored = false): unknown[] {
  const told: unknown[] = []
  const around: Partial<FileSurrounds> = {
    own: new Uint8Array(32),
    people: { recall: () => ({ id: 'bob', name: 'Bob' }) } as unknown as FileSurrounds['people'],
    offersKept: () => {},
    isIgnored: () => isIgnored,
    emit: (event) => told.push(event.event === 'notice' ? event.message : event.event === 'file' && event.state),
  }
  const room = new FileRoom(around as FileSurrounds, {} as Desk, {} as CircuitPort)
  const view: FileView = {
    ...{
      id: 'f1',
      number: 3,
      state: 'listing',
      room: 'general',
      from: 'ab'.repeat(32),
      name: 'tree',
      size: 900,
      done: 0,
    },
    ...{ bytesPerSecond: 0, leftMs: null, atMs: 0, given: 0, taken: [], declined: [], holders: 0, through: [] },
    ...{ path: '', reason: '', trouble: null, files: 0, listing: [] },
  }
  for (const each of views) room.tell({ ...view, ...each })
  return told
}

test('a folder of which nothing comes is not asked about, but said once to be there', () => {
  const waiting = { reason: REASON, trouble: 'nobody' } as const
  expect(told([{}, waiting, { ...waiting, reason: 'Another.' }, { state: 'asked' }, { state: 'receiving' }])).toEqual([
    'Bob offers the folder tree, and has not told yet what is in it. You are asked when that comes; /accept 3 takes it unseen.',
    'offered',
    'accepted',
  ])
})

test('nothing is said of one by somebody who is ignored', () => {
  expect(told([{}, { reason: REASON, trouble: 'nobody' }], true)).toEqual([])
})
