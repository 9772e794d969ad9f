import type { EmbeddedPerson, FromFrame } from './protocol.ts'

/** What changed between two lists of people, as messages in the order in which they are to be sent. */
export function diffPeople(before: ReadonlyMap<string, EmbeddedPerson>, now: ReadonlyMap<string, EmbeddedPerson>): FromFrame[] {
  const gone = [...before.keys()].filter((id) => !now.has(id)).map((id): FromFrame => ({ type: 'disconnect', id }))
  const others = [...now.values()].flatMap((person): FromFrame[] => {
    const known = before.get(person.id)
    if (known === undefined) return [{ type: 'connect', person }]
    return known.path === person.path ? [] : [{ type: 'path', person }]
  })
  return [...gone, ...others]
}
