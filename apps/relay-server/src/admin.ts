import type { ConfigSource, RelayConfig } from './config/options.ts'
import { startHttpServer } from './http/page-server.ts'
import type { ListeningServer } from './http/page-server.ts'
import type { Log } from './log.ts'
import { onOwnPort } from './own-port.ts'
import { createAdminRoutes } from './status/admin.ts'
import type { AdminInit } from './status/admin.ts'

/** The admin port is for this machine; what may be seen from elsewhere is /status.json on the page's port. */
const ADMIN_HOST = '127.0.0.1'

/** Starts the admin port as configured; `undefined` = off. */
export async function startAdmin(config: RelayConfig, source: ConfigSource, views: AdminInit, log: Log): Promise<ListeningServer | undefined> {
  const port = config.adminPort
  if (port === 'off') return undefined
  const routes = createAdminRoutes(views)
  return await onOwnPort(port, source, log, 'The admin port', (free) => startHttpServer({
    flag: '--admin-port',
    port: free,
    host: ADMIN_HOST,
    certificate: undefined,
    countedAddress: () => undefined,
    onRequest: (request, response) => { routes(request, response).catch(() => response.destroy()) },
    onUpgrade: (_request, socket) => socket.destroy()
  }))
}
