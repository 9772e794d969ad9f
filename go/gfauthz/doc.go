// Package gfauthz decides, without asking anyone, who may do what to which GloFlow flow: it parses and verifies the
// delegations, bundles, checkpoints and proofs of possession that @gloflow/authz makes, with the same verdict and the
// same code for every input. The rules are in packages/authz/SPEC.md; comments name them by id (AZ1, …).
//
// A backend keeps the newest checkpoint of a flow that it accepted (VerifyCheckpoint), checks that a request was made by
// the holder of a key (VerifyPossession), and asks Authorize. Time is an argument, in UNIX seconds; nothing here does I/O.
package gfauthz
