import { text } from 'node:stream/consumers'
import { createVerifier } from '../src/index.ts'
import { createNodeCrypto, judgeVector, parseVector } from '../testing/index.ts'

/** Reads one case on standard input and prints its verdict: {"ok": …} or {"code": …}. */
const vector = parseVector(await text(process.stdin))
const verdict = await judgeVector(vector, createVerifier(createNodeCrypto()))
console.log(JSON.stringify(verdict))
