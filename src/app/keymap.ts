/** What a key can be made to do. The names are those of the configuration. */
export const ACTIONS = {
  send: 'say it, or do it',
  newline: 'a line break in what is typed',
  complete: 'complete a name, a command, a room or a path',
  'complete-back': 'the completion before',
  'history-back': 'what was typed before',
  'history-forward': 'what was typed after',
  'scroll-up': 'back, by a page',
  'scroll-down': 'forward, by a page',
  'scroll-line-up': 'back, by a line',
  'scroll-line-down': 'forward, by a line',
  'scroll-top': 'to the first that is here',
  'scroll-end': 'to the end',
  'next-news': 'the next room with news',
  'next-room': 'the room below',
  'previous-room': 'the room above',
  'last-room': 'the room before this one',
  jump: 'to a room or a person by a part of the name',
  help: 'these keys (? on an empty line, too)',
  redraw: 'draw the screen anew',
  'toggle-rooms': 'rooms beside the talk, or not',
  'toggle-people': 'people beside the talk, or not',
  'toggle-mute': 'mute your microphone, or unmute it',
  'toggle-mouse': 'the mouse is for this screen, or for the terminal',
  left: 'a character to the left',
  right: 'a character to the right',
  'word-left': 'a word to the left',
  'word-right': 'a word to the right',
  'line-start': 'to the beginning of the line',
  'line-end': 'to the end of the line',
  'delete-left': 'delete the character before',
  'delete-right': 'delete the character after',
  'cut-word-left': 'cut the word before',
  'cut-word-right': 'cut the word after',
  'cut-line-start': 'cut to the beginning of the line',
  'cut-line-end': 'cut to the end of the line',
  'put-back': 'put back what was cut',
  transpose: 'swap two characters',
  'upper-word': 'the word in capitals',
  'lower-word': 'the word in small letters',
  'capital-word': 'the word with a capital',
  undo: 'take back the last change to what is typed',
  interrupt: 'throw away what is typed; without any, leave',
  end: 'delete the character after; with nothing typed, leave',
  suspend: 'to the shell, until fg',
  cancel: 'close what is open; else, to the end',
  'room-1': 'the first room',
  'room-2': 'the second room',
  'room-3': 'the third room',
  'room-4': 'the fourth room',
  'room-5': 'the fifth room',
  'room-6': 'the sixth room',
  'room-7': 'the seventh room',
  'room-8': 'the eighth room',
  'room-9': 'the ninth room',
  'room-10': 'the tenth room',
} as const

export type Action = keyof typeof ACTIONS

/** What each chord does; null: nothing, though it did before. */
export type Keymap = ReadonlyMap<string, Action>

/** What irssi, weechat and readline agree on, and what everybody tries. */
const DEFAULTS: readonly (readonly [string, Action])[] = [
  ['enter', 'send'],
  ['alt-enter', 'newline'],
  ['shift-enter', 'newline'],
  ['ctrl-j', 'newline'],
  ['tab', 'complete'],
  ['shift-tab', 'complete-back'],
  ['up', 'history-back'],
  ['down', 'history-forward'],
  ['ctrl-p', 'history-back'],
  ['ctrl-n', 'history-forward'],
  ['pageup', 'scroll-up'],
  ['pagedown', 'scroll-down'],
  ['shift-up', 'scroll-line-up'],
  ['shift-down', 'scroll-line-down'],
  ['ctrl-home', 'scroll-top'],
  ['ctrl-end', 'scroll-end'],
  ['alt-a', 'next-news'],
  ['alt-down', 'next-room'],
  ['alt-up', 'previous-room'],
  ['alt-right', 'next-room'],
  ['alt-left', 'previous-room'],
  ['alt-/', 'last-room'],
  ['ctrl-k', 'jump'],
  ['f1', 'help'],
  ['ctrl-l', 'redraw'],
  ['f5', 'toggle-rooms'],
  ['f6', 'toggle-people'],
  ['alt-v', 'toggle-mute'],
  ['alt-m', 'toggle-mouse'],
  ['left', 'left'],
  ['right', 'right'],
  ['ctrl-b', 'left'],
  ['ctrl-f', 'right'],
  ['ctrl-left', 'word-left'],
  ['ctrl-right', 'word-right'],
  ['alt-b', 'word-left'],
  ['alt-f', 'word-right'],
  ['home', 'line-start'],
  ['end', 'line-end'],
  ['ctrl-a', 'line-start'],
  ['ctrl-e', 'line-end'],
  ['backspace', 'delete-left'],
  ['ctrl-h', 'delete-left'],
  ['delete', 'delete-right'],
  ['ctrl-w', 'cut-word-left'],
  ['alt-backspace', 'cut-word-left'],
  ['alt-d', 'cut-word-right'],
  ['ctrl-u', 'cut-line-start'],
  ['alt-k', 'cut-line-end'],
  ['ctrl-y', 'put-back'],
  ['ctrl-t', 'transpose'],
  ['alt-u', 'upper-word'],
  ['alt-l', 'lower-word'],
  ['alt-c', 'capital-word'],
  ['ctrl-_', 'undo'],
  ['ctrl-c', 'interrupt'],
  ['ctrl-d', 'end'],
  ['ctrl-z', 'suspend'],
  ['escape', 'cancel'],
  ...roomKeys(),
]

function roomKeys(): [string, Action][] {
  const rooms = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'] as const
  return rooms.map((room) => [`alt-${room === '10' ? '0' : room}`, `room-${room}`])
}

/** `changes`: chords and what they are to do instead, `none` for nothing. */
export function keymapOf(changes: KeyChanges = {}): Keymap {
  const keymap = new Map<string, Action>(DEFAULTS)
  for (const [chord, action] of Object.entries(changes)) {
    if (action === 'none') keymap.delete(chord)
    else keymap.set(chord, action)
  }
  return keymap
}

/** Keys and what they are to do instead, as a configuration gives them. */
export type KeyChanges = Readonly<Record<string, Action | 'none'>>

export function isActionOrNone(name: string): name is Action | 'none' {
  return name === 'none' || Object.hasOwn(ACTIONS, name)
}

const CHORD = /^(ctrl-)?(alt-)?(shift-)?([a-z]{2,9}|f[1-9]\d?|[^\p{C}\p{Z}])$/u
const KEY_NAMES = [
  'enter',
  'tab',
  'backspace',
  'escape',
  'space',
  'up',
  'down',
  'left',
  'right',
  'home',
  'end',
  'insert',
  'delete',
  'pageup',
  'pagedown',
]

/** The modifiers in the order ctrl, alt, shift, and a key; a character alone is typed, and no chord. */
export function isChord(text: string): boolean {
  const [, ctrl, alt, , name = ''] = CHORD.exec(text) ?? []
  if (/^f([1-9]|1[0-2])$/.test(name) || KEY_NAMES.includes(name)) return true
  return Array.from(name).length === 1 && (ctrl !== undefined || alt !== undefined)
}

/** What is pressed for each thing that can be done, in the order of the table above; what no key does is not in it. */
export function keysByAction(keymap: Keymap): { readonly action: Action; readonly chords: readonly string[] }[] {
  const chords = Map.groupBy(keymap.keys(), (chord) => keymap.get(chord)!)
  return [...chords].map(([action, keys]) => ({ action, chords: keys }))
}
