import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { CODE_P2P_CIRCUIT, CODE_WEBRTC, multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { toString } from 'uint8arrays/to-string'
import { MAX_UPGRADE_ADDRESSES } from '../limits.ts'

/** Exchanges what two peers need for WebRTC, over a circuit. Source: libp2p/specs, webrtc/webrtc.md. */
export const WEBRTC_SIGNALLING_PROTOCOL = '/webrtc-signaling/0.0.1'

/** How a peer that is connected by a circuit could be reached directly. */
export interface UpgradeWays {
  /** The circuit's address with /webrtc in it; `undefined` where one of the two does not speak it. */
  readonly webrtc: Multiaddr | undefined
  /** Addresses of its own that can be dialled from here. */
  readonly direct: readonly Multiaddr[]
  /** Whether the peer says that it runs in a browser. */
  readonly isBrowser: boolean
  /** False until identify has told what the peer speaks. */
  readonly isKnown: boolean
}

/** Finds the ways to a peer, as the address policy allows them. */
export async function findUpgradeWays(libp2p: Libp2p, circuit: Connection): Promise<UpgradeWays> {
  const peer = await libp2p.peerStore.get(circuit.remotePeer).catch(() => undefined)
  const protocols = peer?.protocols ?? []
  const address = webrtcAddress(circuit)
  const speaksBoth = protocols.includes(WEBRTC_SIGNALLING_PROTOCOL) && await isDialable(libp2p, address)
  const own = (peer?.addresses ?? []).map(entry => entry.multiaddr).filter(isDirect).slice(0, MAX_UPGRADE_ADDRESSES)
  const direct: Multiaddr[] = []
  for (const candidate of own) {
    const complete = withPeerId(candidate, circuit.remotePeer)
    if (await isDialable(libp2p, complete)) direct.push(complete)
  }
  const agent = toString(peer?.metadata.get('AgentVersion') ?? new Uint8Array())
  return { webrtc: speaksBoth ? address : undefined, direct, isBrowser: / browser\b/.test(agent), isKnown: protocols.length > 0 }
}

/** `<relay>/p2p-circuit/webrtc/p2p/<peer>` for the circuit that is in use. */
function webrtcAddress(circuit: Connection): Multiaddr {
  return multiaddr(circuit.remoteAddr.toString().replace('/p2p-circuit/p2p/', '/p2p-circuit/webrtc/p2p/'))
}

function isDirect(address: Multiaddr): boolean {
  return !address.getComponents().some(({ code }) => code === CODE_P2P_CIRCUIT || code === CODE_WEBRTC)
}

function withPeerId(address: Multiaddr, peer: PeerId): Multiaddr {
  return address.toString().includes('/p2p/') ? address : address.encapsulate(`/p2p/${peer.toString()}`)
}

async function isDialable(libp2p: Libp2p, address: Multiaddr): Promise<boolean> {
  return libp2p.isDialable(address, { runOnLimitedConnection: false })
}
