// Package vector judges the language-neutral cases of vectors/ (its README and schema.json say what each kind holds).
package vector

import (
	"encoding/json"
	"errors"
	"fmt"

	"gloflow.org/peers/go/gfauthz"
)

// Case is one case, without what is expected.
type Case struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind"`
	Now     int64           `json:"now"`
	Input   []byte          `json:"input"`
	Context json.RawMessage `json:"context"`
	Expect  json.RawMessage `json:"expect"`
}

// Verdict is `{"ok": …}` or `{"code": …}`.
type Verdict struct {
	OK   interface{}  `json:"ok,omitempty"`
	Code gfauthz.Code `json:"code,omitempty"`
}

type values map[string]interface{}

// Judge judges a case as a verifier would meet it. An error means that the case itself is malformed.
func Judge(c Case) (Verdict, error) {
	judges := map[string]func(Case) (values, error){
		"delegation": judgeDelegation, "bundle": judgeBundle, "checkpoint": judgeCheckpoint, "pop": judgePossession, "peer-id": judgePeerID,
		"operation-set": judgeOperations,
	}
	judge, ok := judges[c.Kind]
	if !ok {
		return Verdict{}, fmt.Errorf("case %s: kind %q is not judged here", c.ID, c.Kind)
	}
	found, err := judge(c)
	var refused *gfauthz.Error
	switch {
	case errors.As(err, &refused):
		return Verdict{Code: refused.Code}, nil
	case err != nil:
		return Verdict{}, fmt.Errorf("case %s: %w", c.ID, err)
	}
	return Verdict{OK: found}, nil
}

func judgeDelegation(c Case) (values, error) {
	d, err := gfauthz.VerifyDelegation(c.Input, c.Now)
	if err != nil {
		return nil, err
	}
	return values{
		"id": d.ID, "iss": d.Issuer, "aud": d.Audience, "sub": d.Subject, "cmd": d.Command, "kind": d.Kind, "exp": d.Expires, "nbf": d.NotBefore,
	}, nil
}

type bundleContext struct {
	Flow    string `json:"flow"`
	Request struct {
		Flows     []string `json:"flows"`
		Operation string   `json:"operation"`
		Remote    string   `json:"remote"`
	} `json:"request"`
	View struct {
		Kind   string          `json:"kind"`
		Public bool            `json:"public"`
		Void   []string        `json:"void"`
		Kept   []string        `json:"kept"`
		Links  map[string]link `json:"links"`
	} `json:"view"`
}

type link struct {
	Status gfauthz.LinkStatus `json:"status"`
	Level  gfauthz.Level      `json:"level"`
}

func (c bundleContext) view() gfauthz.View {
	if c.View.Kind == "checkpoint" {
		return gfauthz.RestoreCheckpoint(c.Flow, "", 0, c.View.Void, c.View.Kept, c.View.Public)
	}
	links := map[string]gfauthz.LinkRecord{}
	for id, each := range c.View.Links {
		links[id] = gfauthz.LinkRecord{Status: each.Status, Level: each.Level}
	}
	return &gfauthz.MemberView{Flow: c.Flow, Public: c.View.Public, Links: links}
}

func judgeBundle(c Case) (values, error) {
	var context bundleContext
	if err := json.Unmarshal(c.Context, &context); err != nil {
		return nil, err
	}
	var bundle *gfauthz.Bundle
	if len(c.Input) > 0 {
		var err error
		if bundle, err = gfauthz.VerifyBundle(c.Input); err != nil {
			return nil, err
		}
	}
	remote, err := gfauthz.ParseDID(context.Request.Remote)
	if err != nil {
		return nil, err
	}
	request := gfauthz.Request{Flows: context.Request.Flows, Operation: context.Request.Operation, Remote: remote}
	level, err := gfauthz.Authorize(request, bundle, context.view(), c.Now)
	return values{"level": level}, err
}

func judgeOperations(c Case) (values, error) {
	var context struct {
		Flow string `json:"flow"`
	}
	if err := json.Unmarshal(c.Context, &context); err != nil {
		return nil, err
	}
	parts, err := gfauthz.SplitOperations(c.Input)
	if err != nil {
		return nil, err
	}
	operations := make([]*gfauthz.Operation, len(parts))
	for i, part := range parts {
		if operations[i], err = gfauthz.VerifyOperation(part, context.Flow); err != nil {
			return nil, err
		}
	}
	state := gfauthz.ApplyOperations(context.Flow, operations)
	members := map[string]string{}
	for person, level := range state.Members {
		members[string(person)] = level.String()
	}
	var owner interface{}
	if state.Owner != "" {
		owner = state.Owner
	}
	return values{"stateHash": state.Hash, "owner": owner, "members": members, "void": state.Void, "refused": state.Refused}, nil
}

func judgeCheckpoint(c Case) (values, error) {
	var context struct {
		Flow    string `json:"flow"`
		Chain   []byte `json:"chain"`
		MaxAgeS int64  `json:"maxAgeS"`
		Floor   *struct {
			ID   string   `json:"id"`
			IAT  int64    `json:"iat"`
			Void []string `json:"void"`
			Kept []string `json:"kept"`
		} `json:"floor"`
	}
	if err := json.Unmarshal(c.Context, &context); err != nil {
		return nil, err
	}
	policy := gfauthz.CheckpointPolicy{Flow: context.Flow, Now: c.Now, MaxAgeSeconds: context.MaxAgeS}
	if floor := context.Floor; floor != nil {
		policy.Floor = gfauthz.RestoreCheckpoint(context.Flow, floor.ID, floor.IAT, floor.Void, floor.Kept, false)
	}
	accepted, err := gfauthz.VerifyCheckpoint(c.Input, context.Chain, policy)
	if err != nil {
		return nil, err
	}
	return values{"id": accepted.ID, "iat": accepted.IssuedAt, "public": accepted.Public}, nil
}

func judgePossession(c Case) (values, error) {
	var context struct {
		Server  string `json:"server"`
		Nonce   []byte `json:"nonce"`
		Request []byte `json:"request"`
	}
	if err := json.Unmarshal(c.Context, &context); err != nil {
		return nil, err
	}
	server, err := gfauthz.ParseDID(context.Server)
	if err != nil {
		return nil, err
	}
	issuer, err := gfauthz.VerifyPossession(c.Input, gfauthz.PossessionPolicy{Server: server, Nonce: context.Nonce, Request: context.Request, Now: c.Now})
	return values{"iss": issuer}, err
}

func judgePeerID(c Case) (values, error) {
	did, err := gfauthz.DIDOfKey(c.Input)
	if err != nil {
		return nil, err
	}
	id, err := did.PeerID()
	if err != nil {
		return nil, err
	}
	return values{"did": did, "peerId": id.String()}, nil
}
