// Command verifycallback is a small HTTP server that decides by gfauthz who may do what to flows, in the shape of GloFlow's
// policy hook: VerifyCallback(user, resource, resource type, operation). It is an example to read and to copy.
package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"gloflow.org/peers/go/gfauthz"
)

// operationPrefix is how GloFlow's operations are named in its policies.
const operationPrefix = "gf:images:"

// proofKey is the context key of the bundle that a request brought.
type proofKey struct{}

// policy knows the newest checkpoint of each flow that it serves.
type policy struct {
	// maxAge is the greatest age of a checkpoint: after that nobody but the public gets in, until a newer one comes.
	maxAge time.Duration
	now    func() time.Time

	mu     sync.RWMutex
	floors map[string]*gfauthz.Checkpoint
}

func newPolicy(maxAge time.Duration, now func() time.Time) *policy {
	return &policy{maxAge: maxAge, now: now, floors: map[string]*gfauthz.Checkpoint{}}
}

// Accept takes a checkpoint of a flow with its signer's bundle, never one behind the newest that it took. A server that
// restarts must keep what it accepted: see gfauthz.RestoreCheckpoint.
func (p *policy) Accept(flow string, checkpoint, signerBundle []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	next, err := gfauthz.VerifyCheckpoint(checkpoint, signerBundle, gfauthz.CheckpointPolicy{
		Flow: flow, Now: p.now().Unix(), MaxAgeSeconds: int64(p.maxAge / time.Second), Floor: p.floors[flow],
	})
	if err != nil {
		return err
	}
	p.floors[flow] = next
	return nil
}

// VerifyCallback has the shape of GloFlow's hook. The user is the DID whose possession the request proved; its bundle is
// in the context. Unlike GloFlow's own check of a list of flows, nothing is allowed that was not asked about: callers go
// through VerifyFlows, which denies an empty list.
func (p *policy) VerifyCallback(ctx context.Context, user, resource, resourceType, operation string) (bool, error) {
	if resourceType != "flow" {
		return false, &gfauthz.Error{Code: gfauthz.NoResource, Message: "only flows are known here", Link: gfauthz.NoLink}
	}
	p.mu.RLock()
	floor := p.floors[resource]
	p.mu.RUnlock()
	if floor == nil {
		return false, &gfauthz.Error{Code: gfauthz.FlowMismatch, Message: "this server does not know the flow", Link: gfauthz.NoLink}
	}
	now := p.now().Unix()
	if floor.IssuedAt < now-int64(p.maxAge/time.Second) {
		return false, &gfauthz.Error{Code: gfauthz.CheckpointOld, Message: "the newest checkpoint is too old: a removed member could still get in", Link: gfauthz.NoLink}
	}
	remote, err := gfauthz.ParseDID(user)
	if err != nil {
		return false, err
	}
	bundle, _ := ctx.Value(proofKey{}).(*gfauthz.Bundle)
	_, err = gfauthz.Authorize(gfauthz.Request{
		Flows: []string{resource}, Operation: strings.TrimPrefix(operation, operationPrefix), Remote: remote,
	}, bundle, floor, now)
	return err == nil, err
}

// VerifyFlows asks for each flow of a list; an empty one is denied.
func (p *policy) VerifyFlows(ctx context.Context, user string, flows []string, operation string) error {
	if len(flows) == 0 {
		return &gfauthz.Error{Code: gfauthz.NoResource, Message: "no flow was named, so nothing is allowed", Link: gfauthz.NoLink}
	}
	for _, flow := range flows {
		if allowed, err := p.VerifyCallback(ctx, user, flow, "flow", operation); !allowed {
			return err
		}
	}
	return nil
}
