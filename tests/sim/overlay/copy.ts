/**
 * A deep copy of a world: building one takes seconds, and many experiments begin with the same. Objects keep their class and
 * whatever they share with each other; functions are shared with the original, so a world must not keep closures over itself.
 */
export function deepCopy<T>(original: T): T {
  const copies = new Map<object, object>()

  function copy(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    const known = copies.get(value)
    if (known !== undefined) return known
    const made = blank(value)
    copies.set(value, made)
    if (made instanceof Map && value instanceof Map) for (const [key, each] of value) made.set(copy(key), copy(each))
    else if (made instanceof Set && value instanceof Set) for (const each of value) made.add(copy(each))
    else if (Array.isArray(made) && Array.isArray(value)) for (const each of value) made.push(copy(each))
    else if (!ArrayBuffer.isView(value))
      for (const [key, each] of Object.entries(value)) Reflect.set(made, key, copy(each))
    return made
  }

  return copy(original) as T
}

function blank(value: object): object {
  if (Array.isArray(value)) return []
  if (value instanceof Map) return new Map()
  if (value instanceof Set) return new Set()
  if (ArrayBuffer.isView(value)) return structuredClone(value)
  return Object.create(Object.getPrototypeOf(value))
}
