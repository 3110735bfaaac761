import type { Model } from '../model/model.ts'
import { currentPlace } from '../model/places.ts'
import { type Line, type Style, span } from '../text/styled.ts'
import { wrap } from '../text/wrap.ts'
import { listed } from './format.ts'

/** What stands where nothing has been said yet: what to type, who can be reached, and how to invite somebody. What matters most is first: there may be little room. */
export function welcomeLines(model: Model, width: number): Line[] {
  const { look } = model.setup
  const place = currentPlace(model)
  if (place === null) return wrap([span('You are in no room. /join <room> enters one.', look.faint)], width)
  const where = place.room.startsWith('@')
    ? `This is between you and ${place.label.slice(1)}.`
    : `This is ${place.label}.`
  const typing = `${where} Type and press Enter to say something; /help lists the commands, F1 or ? the keys.`
  const others = model.people.filter(({ self }) => !self).map(({ name }) => name)
  const isAlone = others.length === 0 && model.network.links === 0
  const company = place.room.startsWith('@') ? 'Nobody but the two of you can read it.' : companyText(model, others)
  const rest = isAlone ? aloneLines(model, width) : wrap([span(company, look.faint)], width)
  return [...wrap([span(typing, look.faint)], width), [], ...rest]
}

/** Who is there, where nothing has been said. */
function companyText({ network }: Model, others: readonly string[]): string {
  if (others.length > 0) return `${listed(others, others.length)} can hear you.`
  return `You are linked with ${listed(network.names, network.links)}; nobody else is in this room yet.`
}

const INDENT = 2

/** How somebody is invited, and what is being done to find others. */
function aloneLines({ network, setup: { look } }: Model, width: number): Line[] {
  const { addresses, secluded, hints } = network
  const [first, ...more] = addresses
  const indented = (text: string, style: Style): Line[] =>
    wrap([span(text, style)], width - INDENT).map((line) => [span(' '.repeat(INDENT)), ...line])
  const where = secluded === '' ? '' : ' on this machine'
  const invitation =
    first === undefined
      ? []
      : [
          ...wrap([span(`Nobody is connected yet. To invite somebody${where}, have them start`, look.faint)], width),
          ...indented(`hearsay --connect ${first}`, look.heading),
          ...(more.length === 0
            ? []
            : wrap([span(`(or, where that one fails, ${more.join(' or ')})`, look.faint)], width)),
          ...(secluded === '' ? [] : wrap([span(secluded, look.faint)], width)),
          ...wrap([span('/connect <host:port> reaches somebody whose address you have.', look.faint)], width),
        ]
  return [
    ...invitation,
    ...(hints.length === 0 ? [] : [[], ...wrap([span('Looking for others:', look.faint)], width)]),
    ...hints.flatMap((text) => indented(text, look.faint)),
  ]
}
