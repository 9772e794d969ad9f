import { describe } from 'vitest'
import { createTabChannel, createWebLock } from '../src/lib/tabs/browser-ports.ts'
import { createMemoryChannels, createMemoryEpochs, createMemoryLocks } from './support/memory-ports.ts'
import { channelContract, epochContract, lockContract } from './tab-ports.contract.ts'

describe('lock in memory', () => { lockContract(createMemoryLocks()) })
describe('Web Locks', () => { lockContract(() => createWebLock(navigator.locks)) })
describe('epoch in memory', () => { epochContract(createMemoryEpochs) })
describe('channel in memory', () => { channelContract(createMemoryChannels()) })
describe('BroadcastChannel', () => { channelContract(createTabChannel) })
