import { readFileSync } from 'node:fs'
import { defineConfig, type Plugin } from 'vite'

/** Builds `<gf-peer>` into the finished page's folder: as ES module, and the same as SystemJS module for pages like GloFlow's. */
export default defineConfig({
  build: {
    target: 'es2022',
    outDir: 'build',
    emptyOutDir: false,
    copyPublicDir: false,
    lib: { entry: 'src/element/gf-peer.ts', formats: ['es'], fileName: () => 'gf-peer.js' }
  },
  plugins: [systemModule()]
})

/** Wraps the one chunk, which imports nothing, as `System.register` module. The bundler has no such format. */
function systemModule(): Plugin {
  return {
    name: 'gf-peer-system',
    generateBundle(_options, bundle) {
      const chunk = bundle['gf-peer.js']
      if (chunk?.type !== 'chunk' || chunk.imports.length > 0) return this.error('gf-peer.js has to be one chunk without imports')
      const exported = /export\s*\{\s*([\w$]+)\s+as\s+GfPeerElement\s*\};?\s*$/.exec(chunk.code)
      if (exported?.[1] === undefined) return this.error('gf-peer.js has to end with the export of GfPeerElement')
      const body = chunk.code.slice(0, exported.index)
      this.emitFile({
        type: 'asset',
        fileName: 'gf-peer.system.js',
        source: `System.register([],function(_export){"use strict";return{setters:[],execute:function(){${body}_export("GfPeerElement",${exported[1]})}}});\n`
      })
      this.emitFile({ type: 'asset', fileName: 'gf-peer.d.ts', source: readFileSync(new URL('src/element/gf-peer.public.d.ts', import.meta.url), 'utf8') })
    }
  }
}
