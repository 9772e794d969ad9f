import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { useInvitation } from '../src/lib/peer/relay-invitation.ts'
import { invitationIn } from '../src/lib/store/invitation-link.ts'

const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => { server.close(resolve) })
})

/** A relay's HTTP that answers every request alike, and what it was sent. */
async function relay(status: number, body: string): Promise<{ readonly origin: string; readonly sent: string[] }> {
  const sent: string[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (part: Buffer) => { text += part.toString() })
    request.on('end', () => {
      sent.push(`${request.method ?? ''} ${request.url ?? ''} ${text}`)
      response.writeHead(status, { connection: 'close' }).end(body)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent }
}

const use = (origin: string): Promise<void> => useInvitation({ origin, token: 'abc', peerId: '12D3KooWx', signal: new AbortController().signal })

describe('[WB19] an invitation to the relay', () => {
  test('[WB19] is read from the fragment only', () => {
    expect(invitationIn('#relay-invite=aB-_9')).toBe('aB-_9')
    for (const hash of ['', '#', '#main', '#relay-invite', '#relay-invite=a b', '#relay-invite=<b>', `#relay-invite=${'a'.repeat(513)}`]) expect(invitationIn(hash), hash).toBeUndefined()
  })

  test('[WB19] is shown to the relay with the own PeerId', async () => {
    const { origin, sent } = await relay(200, '{"expiresAtMs":1}')
    await use(origin)
    expect(sent).toEqual(['POST /v1/relay/invitations/redeem {"token":"abc","peerId":"12D3KooWx"}'])
  })

  test('[WB19] each refusal is final and says what to do', async () => {
    for (const code of ['INVITATION_EXPIRED', 'INVITATION_INVALID', 'INVITATIONS_FULL']) {
      const { origin } = await relay(403, JSON.stringify({ code }))
      await expect(use(origin)).rejects.toMatchObject({ code, retryable: false, message: expect.stringMatching(/[Aa]sk (whoever|for)/) })
    }
  })

  test('[WB19] what the relay did not say can be tried again', async () => {
    for (const [status, body] of [[503, '{"code":"NOT_READY"}'], [403, 'no JSON'], [403, '{"code":"constructor"}'], [403, `{"code":"INVITATION_EXPIRED","x":"${'y'.repeat(70_000)}"}`]] as const) {
      const { origin } = await relay(status, body)
      await expect(use(origin), body.slice(0, 40)).rejects.toMatchObject({ code: 'INVITATION_UNUSED', retryable: true })
    }
    await expect(use('http://127.0.0.1:1')).rejects.toMatchObject({ code: 'INVITATION_UNUSED', retryable: true })
  })

  test('[WB19] a relay without invitations needs none', async () => {
    const { origin } = await relay(405, '{"code":"METHOD_NOT_ALLOWED"}')
    await expect(use(origin)).resolves.toBeUndefined()
  })
})
