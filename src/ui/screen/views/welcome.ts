import type { Model } from '../model/model.ts'
import { currentPlace } from '../model/places.ts'
import { type Line, span } from '../text/styled.ts'
import { wrap } from '../text/wrap.ts'

/** What stands where nothing has been said yet: what to type, who can be reached, and how to invite somebody. */
export function welcomeLines(model: Model, width: number): Line[] {
  const { look } = model.setup
  const place = currentPlace(model)
  if (place === null) return wrap([span('You are in no room. /join <room> enters one.', look.faint)], width)
  const where = place.room.startsWith('@')
    ? `This is between you and ${place.label.slice(1)}.`
    : `This is ${place.label}.`
  const texts = [
    `${where} Type and press Enter to say something; /help lists the commands, F1 the keys.`,
    ...networkTexts(model),
  ]
  return texts.flatMap((text, index) => [...(index === 0 ? [] : [[]]), ...wrap([span(text, look.faint)], width)])
}

const NAMES_SHOWN = 5

/** How it stands with others, where nothing has been said. */
function networkTexts({ network, people }: Model): string[] {
  const others = people.filter(({ self }) => !self).map(({ name }) => name)
  if (others.length > 0) {
    const rest = others.length > NAMES_SHOWN ? ` and ${others.length - NAMES_SHOWN} more` : ''
    return [`${others.slice(0, NAMES_SHOWN).join(', ')}${rest} can hear you.`]
  }
  if (network.links > 0) return ['You are connected, and nobody else is in this room yet.']
  return [
    'Nobody is connected yet; hearsay goes on looking. /connect <host:port> reaches somebody, and others reach you when they start hearsay --connect <host:port> with your address.',
    ...network.hints,
  ]
}
