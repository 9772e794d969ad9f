// Waits for the end of standard input, which comes with the end of the process that holds the other side, however that ends,
// and removes the laboratory named by the argument. Started by createLab.
import { removeLab } from './reaper.ts'

const labId = process.argv[2]
if (labId === undefined) {
  console.error('usage: watchdog.ts LAB-ID')
  process.exit(2)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {}) // the owner's end is the only sign
process.stdin.on('data', () => {})
await new Promise((resolve) => process.stdin.once('close', resolve).once('end', resolve))
await removeLab(labId)
