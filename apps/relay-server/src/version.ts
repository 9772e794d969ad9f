import manifest from '../package.json' with { type: 'json' }

/** The relay's version. */
export const RELAY_VERSION: string = manifest.version
