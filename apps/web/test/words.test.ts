import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faceOf } from '../src/lib/face/face.ts'
import { MAX_NAME_CHARS } from '../src/lib/limits.ts'
import { INITIAL_SNAPSHOT, type Person, type Snapshot, type Transfer } from '../src/lib/peer/client.ts'
import { DEFAULT_PREFS, parsePrefs } from '../src/lib/store/prefs.ts'
import { sortAddresses } from '../src/lib/words/addresses.ts'
import { errorTitle } from '../src/lib/words/errors.ts'
import { formatBytes, formatSince, shortId } from '../src/lib/words/format.ts'
import { cleanName, fallbackName } from '../src/lib/words/names.ts'
import { PATH_LABEL, REASON_WORDS } from '../src/lib/words/path.ts'
import { relayStateWords } from '../src/lib/words/relay.ts'
import { statusWords } from '../src/lib/words/status.ts'
import { transferWords } from '../src/lib/words/transfer.ts'
import type { PeerStatus, RelayStatus } from '@gloflow/p2p-core'

const ID = '12D3KooWMSKW7a83WGMvguXatBQWdZScQXvbfeHdj7kH8YHLRnbZ'
const RELAY: RelayStatus = { peerId: ID, source: 'https://relay.example/', state: 'reserved', retryInMs: undefined, rttMs: 4, error: undefined }
const person = (id: string, path: Person['path']): Person => ({ id, kind: 'browser', path, reason: 'webrtc', transport: 'webrtc', rttMs: 1, bytesIn: 0, bytesOut: 0, sinceMs: 0, relay: undefined, name: undefined })
const shown = (status: Partial<PeerStatus>, people: readonly Person[] = []): Snapshot => ({ ...INITIAL_SNAPSHOT, phase: 'running', self: ID, status: { ...INITIAL_SNAPSHOT.status, ...status }, people })
const label = (snapshot: Snapshot, waitedMs = 0, online = true): string => statusWords(snapshot, waitedMs, online).label

describe('the status pill', () => {
  it('[WB11] says how many people are here, and how many of them are direct', () => {
    expect(label(shown({ state: 'online' }))).toBe('Online · nobody else here')
    expect(label(shown({ state: 'online' }, [person('a', 'direct'), person('b', 'lan'), person('c', 'direct'), person('d', 'relayed')]))).toBe('Online · 4 people, 3 direct')
    expect(label(shown({ state: 'online' }, [person('a', 'relayed')]))).toBe('Online · 1 person, through relay')
    expect(label(shown({ state: 'online' }, [person('a', 'direct')]))).toBe('Online · 1 person, direct')
  })

  it('[WB11] counts down to the next attempt, and says when there is no network', () => {
    const waiting = shown({ state: 'offline', relays: [{ ...RELAY, state: 'waiting', retryInMs: 3000, error: { code: 'RELAY_UNREACHABLE', message: 'It does not answer.' } }] })
    expect(label(waiting)).toBe('Reconnecting in 3 s')
    expect(label(waiting, 1500)).toBe('Reconnecting in 2 s')
    expect(label(waiting, 9000)).toBe('Reconnecting…')
    expect(statusWords(waiting, 0, true).detail).toContain('It does not answer.')
    expect(label(waiting, 0, false)).toBe('Offline: no network')
  })

  it('[WB11] names a changed relay key before all else, and a start that failed', () => {
    const changed = shown({ state: 'online', relays: [{ ...RELAY, error: { code: 'RELAY_KEY_CHANGED', message: 'changed' } }] })
    expect(statusWords(changed, 0, true)).toMatchObject({ label: 'Stopped: the relay changed', tone: 'bad' })
    expect(label({ ...INITIAL_SNAPSHOT, phase: 'failed', failure: { code: 'INSECURE_ORIGIN', message: 'why', retryable: false } })).toBe('Cannot start')
  })

  it('[WB19] says that a relay refuses, unless another one takes this peer', () => {
    const refusing: RelayStatus = { ...RELAY, state: 'connected', error: { code: 'ACCESS_DENIED', message: 'no' } }
    expect(statusWords(shown({ state: 'degraded', relays: [refusing] }), 0, true)).toMatchObject({ label: 'The relay does not let you in', tone: 'warn' })
    expect(label(shown({ state: 'online', relays: [refusing, RELAY] }))).toBe('Online · nobody else here')
  })

  it('[WB11] tells a missing place at the relay from one relay of several that does not answer', () => {
    expect(label(shown({ state: 'degraded', relays: [{ ...RELAY, state: 'connected' }] }))).toContain('Partly connected')
    expect(label(shown({ state: 'degraded', relays: [{ ...RELAY, state: 'waiting', retryInMs: 2000 }] }, [person('a', 'direct')]))).toBe('Reconnecting in 2 s · 1 person, direct')
    expect(label(shown({ state: 'degraded', relays: [RELAY, { ...RELAY, state: 'waiting' }] }))).toContain('Online')
  })
})

describe('words for states', () => {
  it('[WB11] every path, reason, relay state and transfer state has words of its own', () => {
    expect(new Set(Object.values(REASON_WORDS)).size).toBe(Object.keys(REASON_WORDS).length)
    expect(new Set(Object.values(PATH_LABEL)).size).toBe(3)
    const relays = (['idle', 'dialing', 'connected', 'reserved', 'waiting', 'stopped'] as const).map((state) => relayStateWords({ ...RELAY, state, retryInMs: 2000 }))
    expect(new Set(relays).size).toBe(6)
    const transfer: Transfer = { id: 't', peer: ID, direction: 'out', name: 'a.jpg', totalBytes: 2000, doneBytes: 1000, state: 'running', sha256: undefined, location: undefined, error: undefined }
    const states = (['offered', 'running', 'waiting', 'done', 'declined', 'cancelled', 'failed'] as const).map((state) => transferWords({ ...transfer, state }, 'Ana'))
    expect(new Set(states).size).toBe(7)
    expect(transferWords({ ...transfer, state: 'failed', error: { code: 'FILE_HASH_MISMATCH', message: 'The file changed.' } }, 'Ana')).toBe('The file changed.')
    expect(errorTitle('PEER_ID_MISMATCH')).toBe('Somebody else answered')
    expect(errorTitle('FRAME_INVALID')).not.toBe('')
  })

  it('writes sizes and times as people do', () => {
    expect([0, 999, 1000, 1234567, 67108864, 999_600].map(formatBytes)).toEqual(['0 B', '999 B', '1.0 kB', '1.2 MB', '67.1 MB', '1.0 MB'])
    expect(formatSince(0, 30_000)).toBe('just now')
    expect(formatSince(0, 3 * 3_600_000)).toBe('3 h')
    expect(shortId(ID)).toBe('…8YHLRnbZ')
  })

  it('gives the address that a browser can dial from elsewhere first', () => {
    const addresses = ['/ip4/127.0.0.1/tcp/1/p2p/R/p2p-circuit/p2p/A', '/ip4/127.0.0.1/tcp/2/ws/p2p/R/p2p-circuit/p2p/A', '/ip4/192.0.2.2/tcp/2/ws/p2p/R/p2p-circuit/p2p/A', '/dns4/relay.example/tcp/443/tls/ws/p2p/R/p2p-circuit/webrtc/p2p/A', '/dns4/relay.example/tcp/443/tls/ws/p2p/R/p2p-circuit/p2p/A']
    expect(sortAddresses(addresses)).toEqual([addresses[4], addresses[3], addresses[2], addresses[1], addresses[0]])
  })
})

describe('names and faces', () => {
  it('[WB7] a name loses what could disguise it, and is bounded', () => {
    expect(cleanName('  Ana \u202e\u0000\n Maria\u200b ')).toBe('Ana Maria')
    expect(cleanName('\u200b\u2066')).toBeUndefined()
    expect(cleanName({ toString: () => 'x' })).toBeUndefined()
    expect([...cleanName('😀'.repeat(100)) ?? '']).toHaveLength(MAX_NAME_CHARS)
    expect(cleanName(`a${'\u0301'.repeat(50)}`)?.length).toBeLessThanOrEqual(4)
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
      const name = cleanName(text)
      if (name === undefined) return
      expect([...name].length).toBeLessThanOrEqual(MAX_NAME_CHARS)
      expect(name).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      expect(cleanName(name)).toBe(name)
    }))
  })

  it('[WB12] a face and a fallback name depend on the PeerId alone, and differ between most', () => {
    expect(faceOf(ID)).toEqual(faceOf(ID))
    expect(fallbackName(ID)).toBe(fallbackName(ID))
    const ids = Array.from({ length: 200 }, (_, at) => `${ID}${at}`)
    expect(new Set(ids.map((id) => JSON.stringify(faceOf(id)))).size).toBeGreaterThan(195)
    expect(new Set(ids.map(fallbackName)).size).toBeGreaterThan(120)
  })

  it('[WB13] preferences that are not understood become the defaults', () => {
    for (const text of [null, '', '[]', '7', '{"name":7,"blocked":{},"renamed":[],"directPolicy":"all"}', '{']) expect(parsePrefs(text)).toEqual(DEFAULT_PREFS)
    expect(parsePrefs('{"name":"Ana\\u202e","blocked":["x",7],"renamed":{"a":"B","c":5},"directPolicy":"shared","detailsOpen":false}'))
      .toEqual({ name: 'Ana', blocked: ['x'], renamed: { a: 'B' }, directPolicy: 'shared', detailsOpen: false })
  })
})
