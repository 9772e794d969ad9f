// One chunk, fetched once the page has joined: see later.svelte.ts.
export { default as OfferPanel } from './OfferPanel.svelte'
export { default as PeopleGrid } from './PeopleGrid.svelte'
export { default as Transfers } from './Transfers.svelte'
