// What a browser shows without running it. Anything else (HTML, SVG, XML …) would run with the rights of the page if its blob URL were opened.
const INERT = /^(image\/(png|jpeg|gif|webp|avif|bmp)|video\/[a-z0-9.+-]+|audio\/[a-z0-9.+-]+)$/

/** The type under which received content may get a blob URL. What the sender says is kept only where it cannot do harm. */
export function blobType(mediaType: string): string {
  return INERT.test(mediaType) ? mediaType : 'application/octet-stream'
}
