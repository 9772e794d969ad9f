import type { ConfigSource } from './config/options.ts'
import { RelayError } from './errors.ts'
import type { Log } from './log.ts'

/** Starts a service on its port; where nobody chose that port and it is taken, on any free one. */
export async function onOwnPort<Service>(port: number, source: ConfigSource, log: Log, what: string, start: (port: number) => Promise<Service>): Promise<Service> {
  try {
    return await start(port)
  } catch (error) {
    if (source !== 'default' || !(error instanceof RelayError) || error.code !== 'PORT_IN_USE') throw error
    log('warn', `${error.message} ${what} takes a free port instead.`)
    return await start(0)
  }
}
