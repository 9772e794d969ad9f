/** The version of this package, as it is told to other peers. A test keeps it equal to package.json. */
export const VERSION = '0.1.0'
