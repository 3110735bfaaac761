import { type Address, formatAddress } from '../base/address.ts'

/** What a newcomer is asked. */
export interface SetupAnswers {
  /** Null: `user-<port>`. */
  readonly username: string | null
  readonly host: string
  readonly ephemeral: boolean
  readonly connect: Address | null
}

/** The text of a first config.toml: the answers, and for each other key a line that only needs its `#` taken away. */
export function formatConfig(answers: SetupAnswers): string {
  const { username, host, ephemeral, connect } = answers
  const peers = connect === null ? [] : [formatAddress(connect)]
  return `${[
    '# hearsay: how it starts. A flag wins over a HEARSAY_… variable, a variable over this file.',
    '',
    '# What others call you: 1 to 32 characters. Without it: user-<port>.',
    username === null ? `# ${entry('username', 'Alice')}` : entry('username', username),
    '',
    '# Where to listen. 127.0.0.1: this machine alone; 0.0.0.0: every IPv4 network it is in; ::, IPv6 too.',
    entry('host', host),
    '# 0: the first free port from 8080.',
    '# port = 5000',
    '# Without it: the TCP port + 1000.',
    '# udp-port = 6000',
    '',
    '# Peers to dial, again and again until they answer: "host:port", "[::1]:port".',
    peers.length === 0 ? `# ${entry('connect', ['192.0.2.1:5000'])}` : entry('connect', peers),
    '',
    '# Where a list of nodes is kept, or is to be kept by whoever finds nobody there.',
    `# ${entry('tracker', ['192.0.2.1:5000'])}`,
    '# true: neither look for nodes on the local network nor be found there.',
    '# no-lan = true',
    '# How to look there: multicast groups and ports. Means nothing with no-lan or static.',
    `# ${entry('multicast', ['239.192.72.83:9053'])}`,
    '# true: links only as given above and as they come in; other nodes are not learnt of.',
    '# static = true',
    '',
    '# Rooms to join; the first is current.',
    `# ${entry('room', ['general'])}`,
    '',
    '# true: nothing is kept on this disk, neither identity nor history; every start is as somebody new.',
    entry('ephemeral', ephemeral),
    '# How many days what was said is kept, and how many megabytes of it in each room. 0: all of it.',
    '# history-days = 365',
    '# history-megabytes = 100',
    '',
    '# Voice: a room to be in voice in from the start, and what opens the microphone: voice, push or open. Devices and',
    '# volumes are chosen with /voice, and remembered beside this file.',
    `# ${entry('voice', 'general')}`,
    `# ${entry('voice-mode', 'voice')}`,
    '',
    '# The plain prompt instead of the full screen.',
    '# plain = true',
    '# Diagnostics: true for standard error, or the path of a file.',
    '# debug = "debug.log"',
  ].join('\n')}\n`
}

function entry(key: string, value: string | boolean | readonly string[]): string {
  return Bun.TOML.stringify({ [key]: value }).trim()
}
