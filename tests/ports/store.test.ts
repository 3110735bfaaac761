import { afterAll } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/adapters/sqlite-open.ts'
import type { Store } from '../../src/ports/store.ts'
import { storeCompliance } from './store.compliance.ts'
import { forksCompliance } from './store-forks.compliance.ts'
import { holdCompliance } from './store-hold.compliance.ts'
import { messagesCompliance } from './store-messages.compliance.ts'
import { searchCompliance } from './store-search.compliance.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearsay-store-'))
let files = 0
afterAll(() => rmSync(folder, { recursive: true }))

function opened(path: string): Store {
  const store = openStore(path, {
    onFault: (fault) => {
      throw new Error(fault.message, { cause: fault.cause })
    },
  })
  if ('ok' in store) throw new Error(store.message, { cause: store.cause })
  return store
}

const onDisk = (): Store => opened(join(folder, `${++files}.db`))
const inMemory = (): Store => opened(':memory:')

storeCompliance('A store on the disk', onDisk)
storeCompliance('A store in memory', inMemory)
holdCompliance('A store on the disk', onDisk)
holdCompliance('A store in memory', inMemory)
forksCompliance('A store in memory', inMemory)
messagesCompliance('A store in memory', inMemory)
searchCompliance('A store in memory', inMemory)
searchCompliance('A store on the disk', onDisk)
