import { Key, type Datastore } from 'interface-datastore'
import type { Storage } from '../src/persistence/storage.ts'

/** What a store is tried with. */
export interface StorageContract {
  /** The test runner's functions, so that the suite runs in any, and in a page. */
  readonly it: (name: string, run: () => Promise<void>) => void
  readonly equal: (actual: unknown, expected: unknown) => void
  /** Opens the store of this name: an empty one the first time, the same one after it was closed. */
  readonly open: (name: string) => Promise<Storage>
  /** True for a store that keeps what is there over a restart. */
  readonly keeps: boolean
}

const LARGE_BYTES = 1_000_000

/** The rules that each adapter of the storage port holds. */
export function storageContract({ it, equal, open, keeps }: StorageContract): void {
  const a = new Key('/gf/a')
  const b = new Key('/gf/b')
  const other = new Key('/other/a')

  it('[PB10] gives back what was put, also in large, and the newest of two', async () => {
    await using store = await opened('put')
    const large = Uint8Array.from({ length: LARGE_BYTES }, (_, index) => index % 251)
    await store.datastore.put(a, new Uint8Array([1]))
    await store.datastore.put(a, large)
    equal(new Uint8Array(await store.datastore.get(a)), large)
  })

  it('[PB10] what is not there is NotFoundError, and has() says so', async () => {
    await using store = await opened('missing')
    equal(await store.datastore.has(a), false)
    const get = async (): Promise<Uint8Array> => store.datastore.get(a) // some throw at once
    const name = await get().then(() => 'found', (error: unknown) => error instanceof Error ? error.name : 'no error')
    equal(name, 'NotFoundError')
  })

  it('[PB10] what was deleted is gone, and deleting it again is no error', async () => {
    await using store = await opened('delete')
    await store.datastore.put(a, new Uint8Array([1]))
    await store.datastore.delete(a)
    await store.datastore.delete(a)
    equal(await store.datastore.has(a), false)
  })

  it('[PB10] a query by prefix finds what begins so and nothing else', async () => {
    await using store = await opened('query')
    for (const key of [a, b, other]) await store.datastore.put(key, new Uint8Array([1]))
    equal(await keysOf(store.datastore, '/gf'), ['/gf/a', '/gf/b'])
    equal(await keysOf(store.datastore, '/nothing'), [])
  })

  it('[PB10] what was put is there after a restart, where the store keeps anything', async () => {
    const first = await open('restart')
    await first.datastore.put(a, new Uint8Array([7]))
    await first.close()
    const second = await open('restart')
    equal(await second.datastore.has(a), keeps)
    if (keeps) equal(new Uint8Array(await second.datastore.get(a)), new Uint8Array([7]))
    await second.close()
  })

  async function opened(name: string): Promise<Storage & AsyncDisposable> {
    const store = await open(name)
    return { ...store, [Symbol.asyncDispose]: () => store.close() }
  }
}

async function keysOf(datastore: Datastore, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const key of datastore.queryKeys({ prefix })) keys.push(key.toString())
  return keys.toSorted()
}
