// Loaded by Node before the relay: writes down every byte that goes through any of the relay's libp2p streams and connections, in
// both directions and at every layer that js-libp2p sees in clear. One line for each piece: {"stream", "direction", "base64"}.
import { openSync, writeSync } from 'node:fs'
import { AbstractMessageStream } from '@libp2p/utils'

const file = openSync(process.env.GF_TAP_FILE ?? '', 'a')
const numbers = new WeakMap()
let last = 0

function record(stream, direction, data) {
  const number = numbers.get(stream) ?? ++last
  numbers.set(stream, number)
  const bytes = data instanceof Uint8Array ? data : data.subarray()
  writeSync(file, `${JSON.stringify({ stream: number, direction, base64: Buffer.from(bytes).toString('base64') })}\n`)
}

const { onData, send } = AbstractMessageStream.prototype
if (typeof onData !== 'function' || typeof send !== 'function') throw new TypeError('the tap does not fit this version of @libp2p/utils')
AbstractMessageStream.prototype.onData = function (data) {
  record(this, 'in', data)
  return onData.call(this, data)
}
AbstractMessageStream.prototype.send = function (data) {
  record(this, 'out', data)
  return send.call(this, data)
}
