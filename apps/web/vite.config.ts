import adapter from '@sveltejs/adapter-static'
import { sveltekit } from '@sveltejs/kit/vite'
import { defineConfig } from 'vite'

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
  build: { target: 'es2023' }
})
