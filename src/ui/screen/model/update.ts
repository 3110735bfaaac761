import { PASTE_IS_CUT } from '../../pasted.ts'
import type { Size } from '../terminal/grid.ts'
import type { Input } from '../terminal/parser.ts'
import { actOn } from './actions.ts'
import { offerPaths, settleFolder } from './complete.ts'
import { EMPTY } from './editor.ts'
import type { Message, Model, Setup, Updated } from './model.ts'
import { onMouse } from './mouse.ts'
import { onOverlayKey, onOverlayPaste, onOverlayText } from './overlay.ts'
import { draftOf, isAttended, seen } from './places.ts'
import { keepInPlace } from './scroll.ts'
import { onTold } from './told.ts'
import { pasteText, typeText } from './typing.ts'

/** A screen on which nothing has happened. */
export function initialModel(setup: Setup, size: Size, self: Model['self'], now: number): Model {
  return {
    setup,
    size,
    now,
    self,
    places: [],
    current: null,
    last: null,
    people: [],
    elsewhere: [],
    ignored: [],
    network: { links: 0, names: [], addresses: [], secluded: '', hints: [] },
    history: [],
    walk: null,
    completion: null,
    overlay: null,
    adrift: EMPTY,
    early: [],
    alert: null,
    focused: null,
    lastKeyAt: now,
    panes: { rooms: true, people: true },
    hasMouse: true,
    selection: null,
    voice: null,
    microphoneDb: null,
    files: '',
  }
}

/** What the screen is after something has happened, and what is to be done about it. Nothing else is changed or asked. */
export function update(model: Model, message: Message): Updated {
  switch (message.kind) {
    case 'input':
      return onInput({ ...model, now: message.now }, message.input)
    case 'resized':
      return keepInPlace({ ...model, size: message.size, selection: null })
    case 'tick':
      return [{ ...model, now: message.now }, []]
    case 'paths':
      return [offerPaths(model, message.before, message.start, message.found), []]
    case 'alert':
      return [{ ...model, alert: message.text }, []]
    case 'network': {
      const { network, people, elsewhere, ignored, self, labels } = message
      const places = model.places.map((place) => relabelled(place, labels.get(place.room)))
      // Whoever is connected again need not be told any more why they were not.
      const alert = network.links > 0 && model.network.links === 0 ? null : model.alert
      return [{ ...model, network, people, elsewhere, ignored, self, places, alert }, []]
    }
    case 'files':
      return [message.words === model.files ? model : { ...model, files: message.words }, []]
    case 'voice': {
      const { voice, microphoneDb, counts } = message
      const places = model.places.map((place) => {
        const inVoice = counts.find(({ room }) => room === place.room)?.count ?? place.inVoice
        return inVoice === place.inVoice ? place : { ...place, inVoice }
      })
      return [{ ...model, voice, microphoneDb, places }, []]
    }
    default:
      return onTold(model, message)
  }
}

function relabelled<T extends { readonly label: string }>(place: T, label: string | undefined): T {
  return label === undefined || label === place.label ? place : { ...place, label }
}

function onInput(before: Model, input: Input): Updated {
  if (input.kind === 'focus') return onFocus(before, input.focused)
  const isKey = input.kind !== 'mouse'
  const model = isKey ? { ...before, lastKeyAt: before.now, alert: null, selection: null } : before
  if (input.kind === 'mouse') return onMouse(model, input)
  if (input.kind === 'paste') {
    const cut = input.isCut ? PASTE_IS_CUT : null
    const pasted =
      model.overlay === null ? pasteText(model, input.text) : onOverlayPaste(model, model.overlay, input.text)
    return [cut === null ? pasted : { ...pasted, alert: cut }, []]
  }
  if (input.kind === 'text') return onText(model, input.text)
  if (model.overlay !== null) return onOverlayKey(model, model.overlay, input.chord)
  const action = model.setup.keymap.get(input.chord)
  return action === undefined ? [model, []] : actOn(model, action)
}

function onText(model: Model, text: string): Updated {
  if (model.overlay !== null) return onOverlayText(model, model.overlay, text)
  if (text === '?' && draftOf(model).text === '') return [{ ...model, overlay: { kind: 'help', top: 0 } }, []]
  return seen(settleFolder(model, text) ?? typeText(model, text))
}

function onFocus(model: Model, focused: boolean): Updated {
  const changed = { ...model, focused, lastKeyAt: isAttended(model) ? model.now : model.lastKeyAt }
  return focused ? seen(changed) : [changed, []]
}
