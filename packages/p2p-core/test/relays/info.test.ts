import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import * as fc from 'fast-check'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { isP2pError } from '../../src/errors.ts'
import { CLOCK_SKEW_MS, MAX_RELAY_INFO_ADDRESSES, MAX_RELAY_INFO_BYTES } from '../../src/limits.ts'
import { fetchRelayInfo, relayInfoUrl } from '../../src/relays/fetch-info.ts'
import type { RelayInfoContent, RelayInfoContext } from '../../src/relays/info.ts'
import { RELAY_INFO_DOMAIN, RELAY_INFO_PAYLOAD_TYPE, parseRelayInfo, signRelayInfo } from '../../src/relays/info.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const key = await generateKeyPair('Ed25519')
const otherKey = await generateKeyPair('Ed25519')
const peerId = peerIdFromPrivateKey(key).toString()

const content: RelayInfoContent = {
  multiaddrs: ['/dns4/relay.example/tcp/443/tls/ws', `/ip4/203.0.113.7/tcp/4001/p2p/${peerId}`],
  network: 'test',
  stun: ['stun:relay.example:3478'],
  relays: ['https://other.example/'],
  limits: { reservations: 2000, circuitBytes: 67108864, circuitMs: 3600000 },
  access: 'open',
  bridge: true,
  version: '0.1.0',
  seq: 7,
  expires: NOW_MS / 1000 + 3600
}

const context: RelayInfoContext = { network: 'test', nowMs: NOW_MS, pin: undefined }
const documentOf = async (change: Partial<RelayInfoContent> = {}): Promise<string> => JSON.stringify(await signRelayInfo(key, { ...content, ...change }))

/** A document around a payload that `signRelayInfo` would not sign. */
async function rawDocument(payload: unknown, options: { domain?: string; type?: Uint8Array; signer?: typeof key } = {}): Promise<string> {
  const bytes = payload instanceof Uint8Array ? payload : fromString(JSON.stringify(payload))
  const envelope = await RecordEnvelope.seal({
    domain: options.domain ?? RELAY_INFO_DOMAIN, codec: options.type ?? RELAY_INFO_PAYLOAD_TYPE, marshal: () => bytes, equals: () => false
  }, options.signer ?? key)
  return JSON.stringify({ envelope: toString(envelope.marshal(), 'base64pad') })
}

const codeOf = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'accepted', error => isP2pError(error) ? error.code : String(error))

describe('the relay info document', () => {
  test('[RS1] is believed for what its envelope says, under the PeerId of the key that signed', async () => {
    const info = await parseRelayInfo(await documentOf(), context)
    expect(info).toEqual({ ...content, peerId, multiaddrs: [`/dns4/relay.example/tcp/443/tls/ws/p2p/${peerId}`, `/ip4/203.0.113.7/tcp/4001/p2p/${peerId}`] })
  })

  test('[RS1] the readable copy beside the envelope is not believed', async () => {
    const document: unknown = JSON.parse(await documentOf())
    const forged = JSON.stringify({ ...Object(document), multiaddrs: ['/ip4/198.51.100.1/tcp/1'], peerId: 'somebody', network: 'elsewhere', seq: 99 })
    const info = await parseRelayInfo(forged, context)
    expect(info.multiaddrs).toHaveLength(2)
    expect(info.network).toBe('test')
    expect(info.seq).toBe(7)
  })

  test('[RS1] no change of a byte of the envelope changes what is believed', async () => {
    const genuine = await parseRelayInfo(await documentOf(), context)
    const document: unknown = JSON.parse(await documentOf())
    const envelope = fromString(String(Object(document).envelope), 'base64pad')
    await fc.assert(fc.asyncProperty(fc.nat(envelope.byteLength - 1), fc.integer({ min: 1, max: 255 }), async (index, flip) => {
      const changed = Uint8Array.from(envelope)
      changed[index] = (changed[index] ?? 0) ^ flip
      const answer = parseRelayInfo(JSON.stringify({ envelope: toString(changed, 'base64pad') }), context)
      const outcome = await answer.catch(error => isP2pError(error) ? error.code : String(error))
      expect([genuine, 'RELAY_INFO_INVALID']).toContainEqual(outcome)
    }), { numRuns: 300 })
  })

  test('[RS1] a signature of the same key for another purpose does not count', async () => {
    const info = { ...content, peerId }
    expect(await codeOf(parseRelayInfo(await rawDocument(info), context))).toBe('accepted')
    expect(await codeOf(parseRelayInfo(await rawDocument(info, { domain: PeerRecord.DOMAIN }), context))).toBe('RELAY_INFO_INVALID')
    expect(await codeOf(parseRelayInfo(await rawDocument(info, { type: PeerRecord.CODEC }), context))).toBe('RELAY_INFO_INVALID')
    expect(await codeOf(parseRelayInfo(await rawDocument(info, { signer: otherKey }), context))).toBe('RELAY_INFO_INVALID')
    const misnamed = { ...content, multiaddrs: [], peerId: peerIdFromPrivateKey(otherKey).toString() }
    expect(await codeOf(parseRelayInfo(await rawDocument(misnamed), context))).toBe('RELAY_INFO_INVALID')
    const otherType = await generateKeyPair('secp256k1')
    const otherInfo = { ...content, multiaddrs: [], peerId: peerIdFromPrivateKey(otherType).toString() }
    const wrongType = rawDocument(otherInfo, { signer: otherType as unknown as typeof key })
    expect(await codeOf(parseRelayInfo(await wrongType, context))).toBe('RELAY_INFO_INVALID')
  })

  test('[RS2] another network, an older number, and an expired document are refused by name', async () => {
    expect(await codeOf(parseRelayInfo(await documentOf({ network: 'other' }), context))).toBe('RELAY_WRONG_NETWORK')
    const pin = { peerId, seq: 7 }
    expect(await codeOf(parseRelayInfo(await documentOf({ seq: 6 }), { ...context, pin }))).toBe('RELAY_INFO_REPLAYED')
    expect(await codeOf(parseRelayInfo(await documentOf({ seq: 7 }), { ...context, pin }))).toBe('accepted')
    const expires = NOW_MS / 1000
    expect(await codeOf(parseRelayInfo(await documentOf({ expires }), { ...context, nowMs: NOW_MS + CLOCK_SKEW_MS }))).toBe('accepted')
    expect(await codeOf(parseRelayInfo(await documentOf({ expires }), { ...context, nowMs: NOW_MS + CLOCK_SKEW_MS + 1 }))).toBe('RELAY_INFO_EXPIRED')
  })

  test('[RS3] a changed key stops and asks, whatever else the document says', async () => {
    const document = JSON.stringify(await signRelayInfo(otherKey, { ...content, multiaddrs: [], seq: 100 }))
    expect(await codeOf(parseRelayInfo(document, { ...context, pin: { peerId, seq: 7 } }))).toBe('RELAY_KEY_CHANGED')
  })

  test('[RS4] hundreds of addresses, long texts and large files are refused by size', async () => {
    const many = Array.from({ length: MAX_RELAY_INFO_ADDRESSES + 1 }, (_, i) => `/ip4/203.0.113.7/tcp/${i + 1}`)
    expect(await codeOf(parseRelayInfo(await rawDocument({ ...content, peerId, multiaddrs: many }), context))).toBe('RELAY_INFO_TOO_LARGE')
    expect(await codeOf(signRelayInfo(key, { ...content, multiaddrs: many }))).toBe('RELAY_INFO_TOO_LARGE')
    expect(await codeOf(parseRelayInfo(await rawDocument({ ...content, peerId, version: 'x'.repeat(600) }), context))).toBe('RELAY_INFO_TOO_LARGE')
    expect(await codeOf(parseRelayInfo(new Uint8Array(MAX_RELAY_INFO_BYTES + 1), context))).toBe('RELAY_INFO_TOO_LARGE')
  })

  test('[RS4] no JSON value as a field, and no bytes as a document, do anything but a typed refusal', async () => {
    const fields = Object.keys(content)
    await fc.assert(fc.asyncProperty(fc.constantFrom(...fields), fc.jsonValue(), async (field, value) => {
      const answer = await codeOf(parseRelayInfo(await rawDocument({ ...content, peerId, [field]: value }), context))
      expect(answer).toMatch(/^(accepted|RELAY_)/)
    }), { numRuns: 200 })
    await fc.assert(fc.asyncProperty(fc.oneof(fc.uint8Array(), fc.json().map(text => fromString(text))), async bytes => {
      expect(await codeOf(parseRelayInfo(bytes, context))).toBe('RELAY_INFO_INVALID')
    }))
  })

  test.each([
    ['an address of another peer', { multiaddrs: [`/ip4/203.0.113.7/tcp/1/p2p/${peerIdFromPrivateKey(otherKey)}`] }],
    ['an address over a third peer', { multiaddrs: [`/ip4/203.0.113.7/tcp/1/p2p/${peerIdFromPrivateKey(otherKey)}/p2p-circuit/p2p/${peerId}`] }],
    ['a malformed address', { multiaddrs: ['/ip4/300.0.0.1/tcp/1'] }],
    ['a TURN server as STUN', { stun: ['turn:user@relay.example:3478'] }],
    ['a URL as STUN', { stun: ['https://relay.example'] }],
    ['a script as relay', { relays: ['javascript:alert(1)'] }],
    ['a relay URL that asks something of another server', { relays: ['http://192.0.2.1/reboot.json?now=1'] }],
    ['a relay URL with a password', { relays: ['https://user:secret@other.example/'] }],
    ['a relay multiaddr without PeerId', { relays: ['/ip4/203.0.113.7/tcp/1'] }],
    ['a negative limit', { limits: { reservations: -1, circuitBytes: 0, circuitMs: 0 } }]
  ])('[RS4] %s is refused', async (_, change) => {
    expect(await codeOf(parseRelayInfo(await rawDocument({ ...content, peerId, ...change }), context))).toBe('RELAY_INFO_INVALID')
  })
})

describe('fetching it', () => {
  const closers: Array<() => void> = []
  afterEach(() => { for (const close of closers.splice(0)) close() })

  async function serve(answer: (write: (chunk: string) => boolean, end: () => void) => void, status = 200): Promise<string> {
    const server = createServer((_, response) => {
      response.writeHead(status)
      answer(chunk => response.write(chunk), () => response.end())
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => { server.closeAllConnections(); server.close() })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }
  const options = { ...context, signal: new AbortController().signal, fetch: globalThis.fetch, followRedirects: true }
  let document = ''
  beforeAll(async () => { document = await documentOf() })

  test('[RS1] a served document is fetched and checked', async () => {
    const url = await serve((write, end) => { write(document); end() })
    expect((await fetchRelayInfo(url, options)).peerId).toBe(peerId)
  })

  test('[RS5] an endless body is cut off at the limit', async () => {
    let sent = 0
    const url = await serve(write => {
      const more = (): void => { sent += 16384; if (write('x'.repeat(16384)) && sent < 64 * 1024 * 1024) setImmediate(more) }
      more()
    })
    expect(await codeOf(fetchRelayInfo(url, options))).toBe('RELAY_INFO_TOO_LARGE')
    expect(sent).toBeLessThan(8 * 1024 * 1024)
  })

  test('[RS5] no server, an HTTP error and a stop are told apart', async () => {
    const url = await serve((_, end) => end(), 503)
    expect(await codeOf(fetchRelayInfo(url, options))).toBe('RELAY_UNREACHABLE')
    expect(await codeOf(fetchRelayInfo('http://127.0.0.1:1/', options))).toBe('RELAY_UNREACHABLE')
    expect(await codeOf(fetchRelayInfo('ftp://relay.example/', options))).toBe('OPTION_INVALID')
    const silent = await serve(() => {})
    const stop = new AbortController()
    const fetching = fetchRelayInfo(silent, { ...options, signal: stop.signal })
    stop.abort()
    expect(await codeOf(fetching)).toBe('ABORTED')
  })

  test('the URL that people open leads to the document', () => {
    expect(relayInfoUrl('https://relay.example').href).toBe('https://relay.example/.well-known/gloflow-relay.json')
    expect(relayInfoUrl('https://relay.example/gf/#room').href).toBe('https://relay.example/gf/.well-known/gloflow-relay.json')
    expect(relayInfoUrl('https://relay.example/x/info.json').href).toBe('https://relay.example/x/info.json')
  })
})
