package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"gloflow.org/peers/go/gfauthz"
	"gloflow.org/peers/go/gfauthz/internal/sign"
)

const now = 1_800_000_000

// stage is a flow whose owner made tagger a tagger, and a server that accepted the owner's checkpoint.
type stage struct {
	t             *testing.T
	flow          string
	owner, tagger sign.Key
	ownerChain    []byte
	taggerChain   []byte
	taggerLink    string
	policy        *policy
	url           string
	server        gfauthz.DID
}

func newStage(t *testing.T) *stage {
	genesis, owner, tagger, server := sign.KeyOf("genesis"), sign.KeyOf("owner"), sign.KeyOf("tagger"), sign.KeyOf("server")
	root := genesis.Delegate(genesis.DID, owner.DID, "/gf/flow", nil)
	grant := owner.Delegate(genesis.DID, tagger.DID, "/gf/flow/edit/tag", nil)
	clock := func() time.Time { return time.Unix(now, 0) }
	s := &stage{
		t: t, flow: sign.ID(root), owner: owner, tagger: tagger, ownerChain: sign.Bundle(root),
		taggerChain: sign.Bundle(root, grant), taggerLink: sign.ID(grant), policy: newPolicy(time.Hour, clock), server: server.DID,
	}
	web := httptest.NewServer(newServer(s.policy, server.DID, clock).handler())
	t.Cleanup(web.Close)
	s.url = web.URL
	s.accept(now-10, nil)
	return s
}

func (s *stage) accept(at int64, void []string) {
	s.t.Helper()
	flow, _ := hex.DecodeString(s.flow)
	ids := [][]byte{}
	for _, id := range void {
		raw, _ := hex.DecodeString(id)
		ids = append(ids, raw)
	}
	news := s.owner.Envelope("gf/checkpoint@1", sign.Map{
		"flow": flow, "iss": string(s.owner.DID), "iat": at, "head": make([]byte, 32), "void": ids, "kept": [][]byte{}, "public": false,
	})
	if err := s.policy.Accept(s.flow, news, s.ownerChain); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) nonce() []byte {
	s.t.Helper()
	response, err := http.Get(s.url + "/v1/nonce")
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Nonce string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		s.t.Fatal(err)
	}
	nonce, _ := base64.StdEncoding.DecodeString(answer.Nonce)
	return nonce
}

// ask makes the request that the tagger signed, and gives the code of the answer, "" when it was allowed.
func (s *stage) ask(operation string, flows []string, nonce []byte) string {
	s.t.Helper()
	body, _ := json.Marshal(flows)
	path := "/v1/flows/" + operation
	proof := s.tagger.Envelope("gf/pop@1", sign.Map{
		"iss": string(s.tagger.DID), "aud": string(s.server), "nonce": nonce, "req": requestHash("POST", path, body), "exp": now + 60,
	})
	request, _ := http.NewRequest("POST", s.url+path, bytes.NewReader(body))
	for name, value := range map[string][]byte{headerNonce: nonce, headerProof: proof, headerBundle: s.taggerChain} {
		request.Header.Set(name, base64.StdEncoding.EncodeToString(value))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Code string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		s.t.Fatal(err)
	}
	return answer.Code
}

func TestVerifyCallback(t *testing.T) {
	s := newStage(t)
	flows := []string{s.flow}
	used := s.nonce()
	for _, step := range []struct {
		name, operation string
		flows           []string
		nonce           []byte
		want            string
	}{
		{"a tagger tags", "gf:images:flow_add_tag", flows, used, ""},
		{"a nonce is taken once", "gf:images:flow_add_tag", flows, used, "POP_MISMATCH"},
		{"a tagger views", "gf:images:flow_get", flows, s.nonce(), ""},
		{"a tagger does not add images", "gf:images:flow_add_img", flows, s.nonce(), "ROLE_TOO_LOW"},
		{"an empty list is denied", "gf:images:flow_get", []string{}, s.nonce(), "NO_RESOURCE"},
		{"another flow is denied", "gf:images:flow_get", []string{s.flow, s.taggerLink}, s.nonce(), "FLOW_MISMATCH"},
		{"an unknown operation is denied", "gf:images:flow_add_img_", flows, s.nonce(), "OPERATION_UNKNOWN"},
	} {
		if got := s.ask(step.operation, step.flows, step.nonce); got != step.want {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
	}
	s.accept(now-5, []string{s.taggerLink})
	if got := s.ask("gf:images:flow_get", flows, s.nonce()); got != "LINK_VOID" {
		t.Errorf("after the removal: %q, want LINK_VOID", got)
	}
}
