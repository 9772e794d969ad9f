import { toString } from 'uint8arrays/to-string'
import { P2pError } from '../../errors.ts'
import { MAX_DISCOVER_LIMIT } from '../../limits.ts'
import { readMessage, writeMessage } from '../../protobuf.ts'

// The wire format of /rendezvous/1.0.0. Source: libp2p/specs, rendezvous/README.md, "Protobuf".

/** The answers that the protocol knows. */
export const RENDEZVOUS_STATUS = {
  ok: 0,
  invalidNamespace: 100,
  invalidSignedPeerRecord: 101,
  invalidTtl: 102,
  invalidCookie: 103,
  notAuthorized: 200,
  internalError: 300,
  unavailable: 400
} as const

/** Somebody's record under a namespace; in a request one's own. `ttlSeconds` undefined = the server's default. */
export interface RegistrationMessage {
  readonly namespace: string
  readonly signedPeerRecord: Uint8Array
  readonly ttlSeconds: number | undefined
}

/** What a client asks. An absent field of the wire is '' or undefined. */
export type RendezvousRequest =
  | { readonly type: 'register'; readonly registration: RegistrationMessage }
  | { readonly type: 'unregister'; readonly namespace: string }
  | { readonly type: 'discover'; readonly namespace: string; readonly limit: number | undefined; readonly cookie: Uint8Array | undefined }

/** What a server answers. */
export type RendezvousResponse =
  | { readonly type: 'register'; readonly status: number; readonly statusText: string; readonly ttlSeconds: number | undefined }
  | {
    readonly type: 'discover'; readonly status: number; readonly statusText: string
    readonly registrations: readonly RegistrationMessage[]; readonly cookie: Uint8Array | undefined
    /** How many are registered under the namespace, the asker left out. An addition of this project; others skip the field. */
    readonly total: number | undefined
  }

const TYPE = { register: 0, registerResponse: 1, unregister: 2, discover: 3, discoverResponse: 4 } as const
/** Fields of the outer message: its type, then one submessage of that type's number + 2. */
const TYPE_FIELD = 1
const bodyField = (type: number): number => type + 2
/** Far from the numbers that the specification may still give out. */
const TOTAL_FIELD = 1000

/** The bytes of a request. */
export function encodeRequest(request: RendezvousRequest): Uint8Array {
  switch (request.type) {
    case 'register': return outer(TYPE.register, encodeRegistration(request.registration))
    case 'unregister': return outer(TYPE.unregister, writeMessage(body => { body.text(1, request.namespace) }))
    case 'discover': return outer(TYPE.discover, writeMessage(body => {
      body.text(1, request.namespace)
      body.varint(2, request.limit)
      body.bytes(3, request.cookie)
    }))
  }
}

/** Reads a request. Throws FRAME_INVALID. */
export function decodeRequest(bytes: Uint8Array): RendezvousRequest {
  const { type, body } = readOuter(bytes)
  switch (type) {
    case TYPE.register: return { type: 'register', registration: decodeRegistration(body) }
    case TYPE.unregister: {
      let namespace = ''
      readMessage(body, { bytes: { 1: value => { namespace = toString(value) } } })
      return { type: 'unregister', namespace }
    }
    case TYPE.discover: {
      let namespace = ''
      let limit: number | undefined
      let cookie: Uint8Array | undefined
      readMessage(body, {
        varint: { 2: value => { limit = Number(value) } },
        bytes: { 1: value => { namespace = toString(value) }, 3: value => { cookie = value } }
      })
      return { type: 'discover', namespace, limit, cookie: cookie?.byteLength === 0 ? undefined : cookie }
    }
    default: throw invalid(`its type is ${type ?? 'missing'}`)
  }
}

/** The bytes of an answer. */
export function encodeResponse(response: RendezvousResponse): Uint8Array {
  if (response.type === 'register') {
    return outer(TYPE.registerResponse, writeMessage(body => {
      body.varint(1, response.status)
      body.text(2, response.statusText === '' ? undefined : response.statusText)
      body.varint(3, response.ttlSeconds)
    }))
  }
  return outer(TYPE.discoverResponse, writeMessage(body => {
    for (const registration of response.registrations) body.bytes(1, encodeRegistration(registration))
    body.bytes(2, response.cookie)
    body.varint(3, response.status)
    body.text(4, response.statusText === '' ? undefined : response.statusText)
    body.varint(TOTAL_FIELD, response.total)
  }))
}

/** Reads an answer. Throws FRAME_INVALID, also for more registrations than any request asks for. */
export function decodeResponse(bytes: Uint8Array): RendezvousResponse {
  const { type, body } = readOuter(bytes)
  let status: number = RENDEZVOUS_STATUS.ok
  let statusText = ''
  if (type === TYPE.registerResponse) {
    let ttlSeconds: number | undefined
    readMessage(body, {
      varint: { 1: value => { status = Number(value) }, 3: value => { ttlSeconds = Number(value) } },
      bytes: { 2: value => { statusText = toString(value) } }
    })
    return { type: 'register', status, statusText, ttlSeconds }
  }
  if (type !== TYPE.discoverResponse) throw invalid(`its type is ${type ?? 'missing'}`)
  const registrations: RegistrationMessage[] = []
  let cookie: Uint8Array | undefined
  let total: number | undefined
  readMessage(body, {
    varint: { 3: value => { status = Number(value) }, [TOTAL_FIELD]: value => { total = Number(value) } },
    bytes: {
      1: value => {
        if (registrations.length >= MAX_DISCOVER_LIMIT) throw invalid('it has more registrations than were asked for')
        registrations.push(decodeRegistration(value))
      },
      2: value => { cookie = value },
      4: value => { statusText = toString(value) }
    }
  })
  return { type: 'discover', status, statusText, registrations, cookie, total }
}

function encodeRegistration({ namespace, signedPeerRecord, ttlSeconds }: RegistrationMessage): Uint8Array {
  return writeMessage(body => {
    body.text(1, namespace)
    body.bytes(2, signedPeerRecord)
    body.varint(3, ttlSeconds)
  })
}

function decodeRegistration(bytes: Uint8Array): RegistrationMessage {
  let namespace = ''
  let signedPeerRecord: Uint8Array = new Uint8Array()
  let ttlSeconds: number | undefined
  readMessage(bytes, {
    varint: { 3: value => { ttlSeconds = Number(value) } },
    bytes: { 1: value => { namespace = toString(value) }, 2: value => { signedPeerRecord = value } }
  })
  return { namespace, signedPeerRecord, ttlSeconds }
}

function outer(type: number, body: Uint8Array): Uint8Array {
  return writeMessage(message => {
    message.varint(TYPE_FIELD, type)
    message.bytes(bodyField(type), body)
  })
}

function readOuter(bytes: Uint8Array): { readonly type: number | undefined; readonly body: Uint8Array } {
  let type: number | undefined
  const bodies = new Map<number, Uint8Array>()
  const keep = (known: number): readonly [number, (value: Uint8Array) => void] => [bodyField(known), value => { bodies.set(known, value) }]
  readMessage(bytes, {
    varint: { [TYPE_FIELD]: value => { type = Number(value) } },
    bytes: Object.fromEntries(Object.values(TYPE).map(keep))
  })
  return { type, body: bodies.get(type ?? -1) ?? new Uint8Array() }
}

function invalid(why: string): P2pError {
  return new P2pError('FRAME_INVALID', `A rendezvous message is not understood: ${why}.`)
}
