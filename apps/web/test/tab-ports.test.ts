import { describe, expect, it, vi } from 'vitest'
import { createTabChannel, createWebLock } from '../src/lib/tabs/browser-ports.ts'
import { createMemoryChannels, createMemoryEpochs, createMemoryLocks } from './support/memory-ports.ts'
import { channelContract, epochContract, lockContract } from './tab-ports.contract.ts'

describe('lock in memory', () => { lockContract(createMemoryLocks()) })
describe('Web Locks', () => { lockContract(() => createWebLock(navigator.locks)) })
describe('Web Locks that the browser refuses, as in a frame without storage', () => {
  it('[WB5] let the tab lead alone', async () => {
    const refusing = { request: () => Promise.reject(new DOMException('refused', 'SecurityError')) } as unknown as LockManager
    const granted = vi.fn()
    createWebLock(refusing).request({ steal: false, onGranted: granted, onLost: () => { throw new RangeError('it was never held') } })
    await vi.waitFor(() => { expect(granted).toHaveBeenCalledTimes(1) })
  })
})
describe('epoch in memory', () => { epochContract(createMemoryEpochs) })
describe('channel in memory', () => { channelContract(createMemoryChannels()) })
describe('BroadcastChannel', () => { channelContract(createTabChannel) })
