import { describe, expect, test } from 'bun:test'
import { diagnose, dialableAddresses, type Symptoms, type TrackerSymptoms } from '../../src/app/doctor.ts'

const WELL: Symptoms = {
  local: { host: '0.0.0.0', port: 8080 },
  interfaces: ['192.168.1.5', '2001:db8::5'],
  reachedFrom: 'global',
  neighbours: 5,
  known: 12,
  isStatic: false,
  groupsGiven: null,
  lan: { groups: ['239.192.72.83:9053'], found: 2, faults: [] },
  mesh: null,
  given: [],
  trackers: [],
}

const TRACKER: TrackerSymptoms = {
  ...{ given: 't:1', state: 'following', isThere: true, trouble: '', missed: null, lookedForAt: '127.0.0.1' },
}

/** What is said about one thing. */
function said(about: string, symptoms: Partial<Symptoms>): string[] {
  const remarks = diagnose({ ...WELL, ...symptoms }).filter((remark) => remark.about === about)
  return remarks.map(({ state, text, advice }) => [state, text, advice ?? ''].join(' | '))
}

describe('the doctor', () => {
  test('finds nothing wrong where nothing is', () => {
    const remarks = diagnose(WELL)
    expect(remarks.map(({ about, state }) => `${about} ${state}`)).toEqual([
      'listening ok',
      'reachable ok',
      'network ok',
      'lan ok',
    ])
    expect(remarks.every((remark) => remark.advice === undefined)).toBe(true)
    expect(said('network', {})).toEqual([
      'ok | You are linked with 5 neighbours, and know 12 other nodes to turn to should they go. | ',
    ])
  })

  test('tells whom one listens to, and the addresses to dictate', () => {
    expect(said('listening', {})).toEqual([
      'ok | You listen on 0.0.0.0:8080 (TCP). Others can try 192.168.1.5:8080. | ',
    ])
    expect(dialableAddresses({ ...WELL, local: { host: '::', port: 1 } })).toEqual(['192.168.1.5:1', '[2001:db8::5]:1'])
    expect(dialableAddresses({ ...WELL, local: { host: '192.168.1.5', port: 1 } })).toEqual(['192.168.1.5:1'])
    const alone = said('listening', { local: { host: '127.0.0.1', port: 8080 } })
    expect(alone[0]).toStartWith('note | You listen on 127.0.0.1:8080: programs on this machine can reach you')
    expect(alone[0]).toContain('--host 0.0.0.0')
  })

  test('believes that one can be reached when somebody has, and from where', () => {
    expect(said('reachable', {})[0]).toContain('from the internet: somebody has')
    expect(said('reachable', { reachedFrom: 'private' })[0]).toContain('from your own network: somebody has')
    for (const reachedFrom of [null, 'loopback'] as const) {
      expect(said('reachable', { reachedFrom })[0]).toContain('whether they can is not known')
    }
    expect(said('reachable', { reachedFrom: null, neighbours: 0 })[0]).toContain('forwards it here')
    const local = { host: '::1', port: 8080 }
    expect(said('reachable', { reachedFrom: 'loopback', local })[0]).toContain('from this machine alone; somebody has')
  })

  test('calls being alone a problem, and says what to do', () => {
    expect(said('network', { neighbours: 0, known: 0 })).toEqual([
      'problem | You are alone: no other node is known. | /connect <host:port> reaches somebody whose address you have; or give them yours.',
    ])
    expect(said('network', { neighbours: 0, known: 1 })[0]).toContain('1 node is known')
    expect(said('network', { neighbours: 1, known: 0, isStatic: true })[0]).toContain('1 neighbour. No others')
  })

  test('says why the local network is not searched, or cannot be', () => {
    const local = { host: 'localhost', port: 1 }
    for (const isStatic of [false, true]) {
      expect(said('lan', { lan: null, groupsGiven: 0, local, isStatic })[0]).toContain('turned off (--no-lan)')
    }
    expect(said('lan', { lan: null, local })[0]).toContain('this machine alone')
    expect(said('lan', { lan: null, groupsGiven: 1 })[0]).toContain('IPv6')
    expect(said('lan', { lan: null, isStatic: true })[0]).toContain('--static')
    const faults = ['239.192.72.83: no such device']
    expect(said('lan', { lan: { groups: ['239.192.72.83:9053'], found: 0, faults } })).toEqual([
      expect.stringContaining('problem | The local network cannot be searched through 239.192.72.83: no such device.'),
    ])
    const half = said('lan', { lan: { groups: ['239.192.72.83:9053', '[ff12::1]:9053'], found: 0, faults } })
    expect(half.map((line) => line.split(' ')[0])).toEqual(['ok', 'problem'])
    expect(half[0]).toContain('nobody was found so far')
  })

  test('says that nobody is found by the mesh dialect where its group cannot be joined', () => {
    expect(said('mesh', {})).toEqual([])
    expect(said('mesh', { mesh: '224.0.0.1: there is no interface to join on' })).toEqual([
      'problem | Nobody is found by the mesh dialect through 224.0.0.1: there is no interface to join on. | ' +
        'A firewall may forbid multicast, or the network is down: it is tried again by itself as soon as that changes.',
    ])
  })

  test('tells of each address that was given what came of it', () => {
    const given = { address: 'a:1', peer: null, failures: 0, reason: '', retryS: null }
    const lines = said('address', {
      given: [
        { ...given, peer: 'Ann' },
        given,
        { ...given, retryS: 3 },
        { ...given, failures: 2, reason: 'refused the connection: nothing listens there', retryS: 8 },
        { ...given, failures: 1, reason: 'did not answer' },
      ],
    })
    expect(lines[0]).toBe('ok | a:1 leads to Ann, who is linked. | ')
    expect(lines[1]).toContain('note | a:1 rests')
    expect(lines[2]).toContain('again in 3 s')
    expect(lines[3]).toStartWith(
      'problem | a:1 refused the connection: nothing listens there (tried 2 times). It is tried again in 8 s.',
    )
    expect(lines[4]).toStartWith('problem | a:1 did not answer (tried once). It is being tried now.')
  })

  test('and of each tracker', () => {
    const lines = said('tracker', {
      trackers: [
        TRACKER,
        { ...TRACKER, isThere: false },
        { ...TRACKER, state: 'serving' },
        { ...TRACKER, state: 'serving', isThere: false },
        { ...TRACKER, state: 'searching' },
        { ...TRACKER, state: 'electing', trouble: 'refused the connection' },
      ],
    })
    expect(lines).toEqual([
      'ok | The tracker t:1 answers you. /tracker tells more. | ',
      'ok | The tracker t:1 is gone, and another node stands in for it. /tracker tells more. | ',
      'ok | You keep the list of the tracker t:1. /tracker tells more. | ',
      'ok | You stand in for the tracker t:1. /tracker tells more. | ',
      'note | The tracker t:1 is being looked for. | ',
      expect.stringMatching(/^problem \| The tracker t:1 refused the connection; it is tried again\. \| Ask /),
    ])
  })

  test('and by which of them others do not find us, and what helps', () => {
    const local = { host: '127.0.0.1', port: 8080 }
    const missed = (symptoms: Partial<TrackerSymptoms>): string | undefined =>
      said('tracker', { local, trackers: [{ ...TRACKER, ...symptoms }] })[1]
    expect(missed({})).toBeUndefined()
    expect(missed({ missed: 'cut-off', lookedForAt: '192.0.2.1' })).toBe(
      'problem | Others do not find you by the tracker t:1: you listen on 127.0.0.1, for this machine alone. | ' +
        'You find others by it all the same. Start with --host 0.0.0.0 (or --host :: for IPv6 too) to be found.',
    )
    expect(missed({ missed: 'beside', lookedForAt: '127.0.0.2' })).toBe(
      'problem | Others do not find you by the tracker t:1: they look for you at 127.0.0.2, and you listen on 127.0.0.1. | ' +
        'You find others by it all the same. Start with --host 127.0.0.2 to be found.',
    )
  })
})
