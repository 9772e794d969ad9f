import type { IForbiddenRuleType } from 'dependency-cruiser'

// The architecture as rules: imports point left only, authz <- p2p-core <- flows <- apps <- e2e, bench. Each rule says why.
// scripts/test/layers.test.ts seeds one breach for each rule and sees it reported.

/** The rules, each with its reason. */
export const forbidden: readonly IForbiddenRuleType[] = [
  {
    name: 'authz-is-pure',
    comment: 'The decision who may do what runs on any platform and in tests with injected crypto: no I/O, no other layer.',
    severity: 'error',
    from: { path: '^packages/authz/src/' },
    to: { path: '^(packages/(?!authz/)|apps/|e2e/|bench/)|^node:', pathNot: '^packages/authz/' }
  },
  {
    name: 'authz-no-builtins',
    comment: 'packages/authz/src also runs in browsers and inside other programs: it asks for crypto and time by argument.',
    severity: 'error',
    from: { path: '^packages/authz/src/' },
    to: { dependencyTypes: ['core'] }
  },
  {
    name: 'core-below-apps',
    comment: 'p2p-core is used by apps and flows and knows neither.',
    severity: 'error',
    from: { path: '^packages/p2p-core/' },
    to: { path: '^(packages/flows/|apps/|e2e/|bench/)' }
  },
  {
    name: 'authz-only-in-access',
    comment: 'One folder of p2p-core speaks to authorization, so that the gate can be read in one place.',
    severity: 'error',
    from: { path: '^packages/p2p-core/src/', pathNot: '^packages/p2p-core/src/access/' },
    to: { path: '^packages/authz/' }
  },
  {
    name: 'flows-below-apps',
    comment: 'Image flows build on p2p-core and authz and are used by the apps.',
    severity: 'error',
    from: { path: '^packages/flows/' },
    to: { path: '^(apps/|e2e/|bench/)' }
  },
  {
    name: 'flows-no-builtins',
    comment: 'packages/flows/src runs in browsers as it does in Node: what differs by platform is p2p-core\'s business.',
    severity: 'error',
    from: { path: '^packages/flows/src/' },
    to: { dependencyTypes: ['core'] }
  },
  {
    name: 'apps-stay-apart',
    comment: 'The relay serves the built page as files; neither app imports the other, nor tests and benchmarks.',
    severity: 'error',
    from: { path: '^apps/([^/]+)/' },
    to: { path: '^(apps/(?!$1/)|e2e/|bench/)' }
  },
  {
    name: 'packages-by-their-door',
    comment: 'A package is entered by "." or "./testing" only; what lies behind can change.',
    severity: 'error',
    from: { path: '^(packages|apps)/([^/]+)/|^(e2e|bench)/' },
    to: { path: '^packages/[^/]+/(src|testing)/', pathNot: '^packages/[^/]+/(src|testing)/index\\.ts$|^$1/$2/' }
  },
  {
    name: 'one-platform-seam',
    comment: 'Node built-ins in p2p-core stand behind #platform, in src/platform/node.ts or files named .node.ts.',
    severity: 'error',
    from: { path: '^packages/p2p-core/src/', pathNot: '(^packages/p2p-core/src/platform/node\\.ts|\\.node\\.ts)$' },
    to: { dependencyTypes: ['core'] }
  },
  {
    name: 'platform-files-behind-the-seam',
    comment: 'Only the seam picks a platform: src/platform/{node,browser}.ts choose the .node.ts and .browser.ts files.',
    severity: 'error',
    from: { path: '^packages/p2p-core/src/', pathNot: '(^packages/p2p-core/src/platform/(node|browser)|\\.(node|browser))\\.ts$' },
    to: { path: '\\.(node|browser)\\.ts$' }
  },
  {
    name: 'no-cycles',
    comment: 'A cycle has no first file to read.',
    severity: 'error',
    from: { path: '^(packages|apps)/' },
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }
  }
]

/** How files are read and imports resolved. */
export const options = {
  doNotFollow: { path: 'node_modules' },
  exclude: { path: '(node_modules|/build/|/\\.svelte-kit/|^\\.tools/)' },
  tsPreCompilationDeps: true,
  enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js', '.mjs', '.svelte'] }
}

export default { forbidden, options }
