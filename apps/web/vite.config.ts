import adapter from '@sveltejs/adapter-static'
import { sveltekit } from '@sveltejs/kit/vite'
import { defineConfig } from 'vite'

/** Svelte, the frame of icons, and the page's own modules but for those that are imported dynamically and what only they use. */
const FIRST_VIEW = [
  /\/node_modules\/(svelte|clsx|esm-env)\//,
  /\/@lucide\/svelte\/dist\/(Icon\.svelte|utils\/)/,
  /\/apps\/web\/src\/lib\/(face|peer|store|tabs)\/(?!peer-module|relay-invitation)/,
  /\/apps\/web\/src\/lib\/(errors|limits|page-client)\.ts/,
  /\/apps\/web\/src\/lib\/ui\/(CopyButton|Face|NobodyHere|Notices|People|SelfStrip|StatusPill|later)\.svelte/,
  /\/apps\/web\/src\/lib\/words\/(errors|format|names|status)\.ts/
]

function isOfFirstView(id: string): boolean {
  return FIRST_VIEW.some((pattern) => pattern.test(id))
}

export default defineConfig({
  plugins: [
    sveltekit({
      adapter: adapter({ fallback: 'index.html' }),
      // The one inline script is SvelteKit's own start; it is allowed by its hash. Who may frame the page is said by the relay's header.
      csp: {
        mode: 'hash',
        directives: {
          'default-src': ['self'],
          'script-src': ['self'],
          // SvelteKit's announcer of routes is hidden by one inline style attribute; this is its hash.
          'style-src': ['self', 'unsafe-hashes', 'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='],
          'img-src': ['self', 'blob:', 'data:'],
          'font-src': ['self'],
          // Relays are at other origins too, by address or by invitation.
          'connect-src': ['self', 'blob:', 'ws:', 'wss:', 'http:', 'https:'],
          'frame-src': ['none'],
          'object-src': ['none'],
          'base-uri': ['none'],
          'form-action': ['none']
        }
      },
      version: { pollInterval: 0 }
    })
  ],
  build: {
    target: 'es2023',
    // What every first view loads goes in one chunk: the many small ones that the splitter makes are 7 kB larger as gzip sends them.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'page', test: isOfFirstView }] } } }
  }
})
