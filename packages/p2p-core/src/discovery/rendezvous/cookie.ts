import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import { fromString } from 'uint8arrays/from-string'

const ORDER_BYTES = 8
const TAG_BYTES = 16

/** Makes and reads the cookies of one server: a place in the order of one namespace, sealed so that nobody can make up another one. */
export interface Cookies {
  seal(namespace: string, order: number): Uint8Array
  /** The place; `undefined` for a cookie of another namespace, another server, or made up. */
  open(namespace: string, cookie: Uint8Array): number | undefined
}

/** Cookies under a secret that lives as long as the server's memory of registrations. */
export function createCookies(secret: Uint8Array): Cookies {
  const tagOf = (namespace: string, place: Uint8Array): Uint8Array => hmac(sha256, secret, concat([place, fromString(namespace)])).subarray(0, TAG_BYTES)
  return {
    seal(namespace, order) {
      const place = new Uint8Array(ORDER_BYTES)
      new DataView(place.buffer).setBigUint64(0, BigInt(order))
      return concat([place, tagOf(namespace, place)])
    },
    open(namespace, cookie) {
      if (cookie.byteLength !== ORDER_BYTES + TAG_BYTES) return undefined
      const place = cookie.slice(0, ORDER_BYTES)
      if (!equals(tagOf(namespace, place), cookie.subarray(ORDER_BYTES))) return undefined
      return Number(new DataView(place.buffer).getBigUint64(0))
    }
  }
}
