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

/** How it stands with others, where nobody is here. */
function networkTexts(model: Model): string[] {
  const { links, address } = model.network
  const others = model.people.filter(({ self }) => !self).length
  if (others > 0)
    return [
      `${model.people
        .filter(({ self }) => !self)
        .map(({ name }) => name)
        .slice(0, 5)
        .join(', ')}${others > 5 ? ` and ${others - 5} more` : ''} can hear you.`,
    ]
  if (links > 0) return ['You are connected, and nobody else is in this room yet.']
  const invitation = address === '' ? [] : [`Others reach you with: hearsay --connect ${address}`]
  return [
    'Nobody is connected yet; hearsay goes on looking. /connect <host:port> reaches somebody, /doctor tells what may be wrong.',
    ...invitation,
  ]
}
