import { describe, expect, it } from 'vitest'
import { openReceived } from '../src/lib/peer/received.ts'

describe('a received file', () => {
  it('[WB9] is served under a type of the page’s choice, and shown only where it is a raster picture', async () => {
    for (const [name, type, picture] of [['a.png', 'image/png', true], ['a.JPG', 'image/jpeg', true], ['a.svg', 'application/octet-stream', false], ['a.html', 'application/octet-stream', false], ['png', 'image/png', true], ['none', 'application/octet-stream', false]] as const) {
      const given = URL.createObjectURL(new Blob(['<script>'], { type: 'text/html' }))
      const received = await openReceived(given, name)
      expect(received.picture).toBe(picture)
      expect((await (await fetch(received.url)).blob()).type).toBe(type)
      received.release()
      URL.revokeObjectURL(given)
    }
  })

  it('[WB9] that is gone says so', async () => {
    await expect(openReceived('blob:nodedata:gone', 'a.png')).rejects.toMatchObject({ code: 'FILE_GONE' })
  })
})
