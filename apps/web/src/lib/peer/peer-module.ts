// The part of the peer's package that the page uses. It is loaded by itself, so that what nobody here uses (the DHT, the relay's side) is left out.
export { createPeer, parsePeerId } from '@gloflow/p2p-core'
