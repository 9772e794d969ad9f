// Writes a peer book in a datastore as fast as it can, until it is killed. Prints a line for each flush that is done.
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { openLevelStorage } from '../../src/persistence/level.node.ts'
import { openPeerBook } from '../../src/persistence/peer-book.ts'

const storage = await openLevelStorage(process.argv[2] ?? '')
const book = await openPeerBook({ datastore: storage.datastore, now: () => Date.now(), onError: (error) => { throw error } })
for (;;) {
  const peers = await Promise.all(Array.from({ length: 10 }, async () => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))))
  for (const peer of peers) {
    book.met(peer, `/ip4/192.0.2.1/tcp/4001/p2p/${peer.toString()}`)
    book.tag(peer, 'friend')
  }
  await book.flush()
  process.stdout.write(`${peers.map(String).join(' ')}\n`)
}
