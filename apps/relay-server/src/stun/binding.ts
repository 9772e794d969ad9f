import { isIPv4 } from 'node:net'
import { MAX_STUN_AMPLIFICATION, MAX_STUN_REQUEST_BYTES } from '../limits.ts'

// STUN's Binding method. Source: RFC 8489, sections 5 (header), 14.2 (XOR-MAPPED-ADDRESS), 14.8 (ERROR-CODE), 14.13 (UNKNOWN-ATTRIBUTES).

const HEADER_BYTES = 20
const BINDING_REQUEST = 0x0001
const BINDING_SUCCESS = 0x0101
const BINDING_ERROR = 0x0111
const MAGIC_COOKIE = 0x2112a442
const XOR_MAPPED_ADDRESS = 0x0020
const ERROR_CODE = 0x0009
const UNKNOWN_ATTRIBUTES = 0x000a
/** Attributes below this have to be understood; those above may be passed over. */
const FIRST_OPTIONAL_ATTRIBUTE = 0x8000
const GREATEST_ATTRIBUTE_COUNT = 32
/** Known attributes of the basic protocol and of ICE, none of which changes an answer to a Binding request without credentials. */
const KNOWN_ATTRIBUTES = new Set([0x0001, 0x0006, 0x0008, 0x0009, 0x000a, 0x0014, 0x0015, 0x001c, 0x001d, 0x001e, 0x0020, 0x0024, 0x0025])
/** 4 for the hundreds, 20 for the rest. */
const ERROR_420 = 0x0414

/** A Binding request that is as it should be. */
export interface BindingRequest {
  readonly transactionId: Uint8Array
  /** Attributes that have to be understood and are not. */
  readonly unknown: readonly number[]
  readonly bytes: number
}

/** Reads a datagram; `undefined` where it is no well-formed Binding request, which gets no answer. */
export function parseBindingRequest(datagram: Uint8Array): BindingRequest | undefined {
  if (datagram.length < HEADER_BYTES || datagram.length > MAX_STUN_REQUEST_BYTES) return undefined
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength)
  const length = view.getUint16(2)
  const wellFormed = view.getUint16(0) === BINDING_REQUEST && view.getUint32(4) === MAGIC_COOKIE && length % 4 === 0 && length === datagram.length - HEADER_BYTES
  const unknown = wellFormed ? unknownAttributes(view) : undefined
  return unknown === undefined ? undefined : { transactionId: datagram.slice(8, HEADER_BYTES), unknown, bytes: datagram.length }
}

function unknownAttributes(view: DataView): number[] | undefined {
  const unknown: number[] = []
  let count = 0
  for (let offset = HEADER_BYTES; offset < view.byteLength;) {
    if (view.byteLength - offset < 4 || ++count > GREATEST_ATTRIBUTE_COUNT) return undefined
    const type = view.getUint16(offset)
    offset += 4 + Math.ceil(view.getUint16(offset + 2) / 4) * 4
    if (offset > view.byteLength) return undefined
    if (type < FIRST_OPTIONAL_ATTRIBUTE && !KNOWN_ATTRIBUTES.has(type)) unknown.push(type)
  }
  return unknown
}

/** The one answer to a request: where it came from, or which attributes were not understood. Never more than MAX_STUN_AMPLIFICATION times it. */
export function bindingResponse(request: BindingRequest, source: { readonly address: string; readonly port: number }): Uint8Array {
  if (request.unknown.length === 0) return message(BINDING_SUCCESS, request, xorMappedAddress(request, source))
  const room = Math.floor(request.bytes * MAX_STUN_AMPLIFICATION) - HEADER_BYTES - 8 - 4
  return message(BINDING_ERROR, request, [...attribute(ERROR_CODE, [0, 0, ERROR_420 >> 8, ERROR_420 & 0xff]), ...attribute(UNKNOWN_ATTRIBUTES, request.unknown.slice(0, Math.max(1, Math.floor(room / 4) * 2)).flatMap(uint16))])
}

function xorMappedAddress(request: BindingRequest, source: { readonly address: string; readonly port: number }): number[] {
  const address = source.address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
  const v4 = isIPv4(address)
  const mask = [...uint32(MAGIC_COOKIE), ...request.transactionId]
  const bytes = v4 ? address.split('.').map(Number) : ipv6Bytes(address)
  return attribute(XOR_MAPPED_ADDRESS, [0, v4 ? 1 : 2, ...uint16(source.port ^ (MAGIC_COOKIE >>> 16)), ...bytes.map((byte, index) => byte ^ (mask[index] ?? 0))])
}

function message(type: number, request: BindingRequest, attributes: readonly number[]): Uint8Array {
  return Uint8Array.from([...uint16(type), ...uint16(attributes.length), ...uint32(MAGIC_COOKIE), ...request.transactionId, ...attributes])
}

function attribute(type: number, value: readonly number[]): number[] {
  const padding = Array.from({ length: (4 - (value.length % 4)) % 4 }, () => 0)
  return [...uint16(type), ...uint16(value.length), ...value, ...padding]
}

function ipv6Bytes(address: string): number[] {
  const [head = '', tail = ''] = address.split('::', 2)
  const bytes = (text: string): number[] => text.split(':').filter((group) => group !== '').flatMap((group) => uint16(Number.parseInt(group, 16)))
  const left = bytes(head)
  const right = bytes(tail)
  return [...left, ...Array.from({ length: Math.max(0, 16 - left.length - right.length) }, () => 0), ...right]
}

function uint16(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff]
}

function uint32(value: number): number[] {
  return [...uint16(value >>> 16), ...uint16(value & 0xffff)]
}
