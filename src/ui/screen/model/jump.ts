import { fitOf } from '../../../app/going.ts'
import type { Model } from './model.ts'

/** Somewhere one can go. */
export interface Target {
  /** A room as commands know it; for a person, `@` and the id. */
  readonly room: string
  readonly label: string
  readonly about: string
}

/** Everything that fits what was typed: what begins with it, then what has it in it, then what has its letters in that order. */
export function targetsFor(model: Model, typed: string): Target[] {
  const rated = targets(model).map((target) => ({ target, rating: fitOf(target.label, typed) }))
  return rated
    .filter(({ rating }) => rating > 0)
    .sort((a, b) => b.rating - a.rating)
    .map(({ target }) => target)
}

function targets(model: Model): Target[] {
  const places = model.places
    .filter(({ room }) => room !== model.current)
    .map(({ room, label, unread }) => ({ room, label, about: unread === 0 ? '' : `${unread} new` }))
  const known = new Set(model.places.map(({ room }) => room))
  const here = model.people.filter(({ self, network }) => !self && network === null)
  const names = new Map([...here, ...model.elsewhere].map(({ id, name }) => [`@${id}`, `@${name}`]))
  const people = [...names].filter(([room]) => !known.has(room))
  return [...places, ...people.map(([room, label]) => ({ room, label, about: 'a conversation' }))]
}
