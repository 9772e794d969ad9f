import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_EMBED_MESSAGE_CHARS } from '../src/lib/limits.ts'
import { EMBED_PROTOCOL, EMBED_READY, isReady, parseFromFrame, parseHello, parseToFrame } from '../src/lib/embed/protocol.ts'
import { diffPeople } from '../src/lib/embed/people-diff.ts'
import type { EmbeddedPerson, FromFrame } from '../src/lib/embed/protocol.ts'

const ID = '12D3KooWMSKW7a83WGMvguXatBQWdZScQXvbfeHdj7kH8YHLRnbZ'
const PERSON: EmbeddedPerson = { id: ID, kind: 'browser', path: 'direct' }

describe('the protocol between a page and the frame', () => {
  it('[WB15] takes each of its own messages', () => {
    const messages: FromFrame[] = [
      { type: 'state', state: 'online', self: ID, label: 'Online', people: 2 },
      { type: 'state', state: 'offline', self: undefined, label: 'Offline', people: 0 },
      { type: 'connect', person: PERSON }, { type: 'path', person: PERSON }, { type: 'disconnect', id: ID }, { type: 'height', height: 400 }
    ]
    for (const message of messages) expect(parseFromFrame(structuredClone(message))).toEqual(message)
    expect(parseHello({ protocol: EMBED_PROTOCOL, type: 'hello', theme: 'dark' })).toEqual({ protocol: EMBED_PROTOCOL, type: 'hello', theme: 'dark' })
    expect(parseToFrame({ type: 'theme', theme: 'light' })).toEqual({ type: 'theme', theme: 'light' })
    expect(isReady(structuredClone(EMBED_READY))).toBe(true)
  })

  it('[WB15] drops what is of another shape or version, too long, or of a number that cannot be', () => {
    const bad: unknown[] = [
      undefined, null, 7, 'state', [], [PERSON], {}, { type: 'state' }, { type: 'connect', person: { ...PERSON, path: 'other' } },
      { type: 'connect', person: { ...PERSON, id: '<img>' } }, { type: 'height', height: 1e9 }, { type: 'height', height: -1 }, { type: 'height', height: 1.5 },
      { type: 'state', state: 'online', self: ID, label: 'x'.repeat(201), people: 0 }, { type: 'state', state: 'online', self: ID, label: 'x', people: -1 },
      { type: 'disconnect', id: 5 }, { type: 'connect', person: PERSON, more: 'x'.repeat(MAX_EMBED_MESSAGE_CHARS) }
    ]
    for (const data of bad) expect(parseFromFrame(data)).toBeUndefined()
    for (const data of bad) expect(parseToFrame(data)).toBeUndefined()
    expect(parseHello({ protocol: 'gf-embed/2', type: 'hello', theme: 'auto' })).toBeUndefined()
    expect(parseHello({ protocol: EMBED_PROTOCOL, type: 'hello', theme: 'url(x)' })).toBeUndefined()
    expect(parseToFrame({ type: 'suggest-name', name: '' })).toBeUndefined()
    const cycle: Record<string, unknown> = { type: 'theme', theme: 'dark' }
    cycle['cycle'] = cycle
    expect(parseToFrame(cycle)).toBeUndefined()
  })

  it('[WB15] never throws, whatever arrives', () => {
    fc.assert(fc.property(fc.anything(), (data) => {
      parseFromFrame(data)
      parseToFrame(data)
      parseHello(data)
    }))
  })

  it('[WB16] carries nothing besides the fields of its own, whatever was put beside them', () => {
    const secret = { key: 'secret', addresses: ['/ip4/10.0.0.1'], name: 'Ana' }
    expect(parseFromFrame({ type: 'connect', person: { ...PERSON, ...secret }, ...secret })).toEqual({ type: 'connect', person: PERSON })
    expect(Object.keys(parseFromFrame({ type: 'state', state: 'online', self: ID, label: 'Online', people: 1, ...secret }) ?? {}).toSorted()).toEqual(['label', 'people', 'self', 'state', 'type'])
  })
})

describe('what changed between two lists of people', () => {
  it('tells who went, who came and whose path changed, and nothing twice', () => {
    const people = (...list: EmbeddedPerson[]): Map<string, EmbeddedPerson> => new Map(list.map((person) => [person.id, person]))
    const other = { ...PERSON, id: `${ID}x` }
    expect(diffPeople(people(), people(PERSON))).toEqual([{ type: 'connect', person: PERSON }])
    expect(diffPeople(people(PERSON), people({ ...PERSON, path: 'relayed' }))).toEqual([{ type: 'path', person: { ...PERSON, path: 'relayed' } }])
    expect(diffPeople(people(PERSON, other), people(other))).toEqual([{ type: 'disconnect', id: ID }])
    expect(diffPeople(people(PERSON), people(PERSON))).toEqual([])
  })
})
