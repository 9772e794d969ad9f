package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"gloflow.org/peers/go/gfauthz"
)

// Bounds of the example server.
const (
	maxBodyBytes   = 1 << 20
	maxHeaderBytes = 32 << 10 // a bundle in base64 fits
	nonceBytes     = 16
	nonceLifetime  = 2 * time.Minute
	// maxNonces bounds memory: past it the server gives none until old ones end.
	maxNonces = 10_000
)

// The headers of a request that is not public.
const (
	headerNonce  = "Gf-Nonce"
	headerProof  = "Gf-Proof"
	headerBundle = "Gf-Bundle"
)

// server answers GET /v1/nonce, and POST /v1/flows/{operation} with a JSON list of flows as body.
type server struct {
	policy *policy
	did    gfauthz.DID
	now    func() time.Time

	mu     sync.Mutex
	nonces map[string]time.Time
}

func newServer(p *policy, did gfauthz.DID, now func() time.Time) *server {
	return &server{policy: p, did: did, now: now, nonces: map[string]time.Time{}}
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/nonce", s.giveNonce)
	mux.HandleFunc("/v1/flows/", s.decide)
	return mux
}

func (s *server) giveNonce(w http.ResponseWriter, _ *http.Request) {
	nonce := make([]byte, nonceBytes)
	if _, err := rand.Read(nonce); err != nil {
		http.Error(w, "no randomness", http.StatusInternalServerError)
		return
	}
	text := base64.StdEncoding.EncodeToString(nonce)
	s.mu.Lock()
	for old, until := range s.nonces {
		if s.now().After(until) {
			delete(s.nonces, old)
		}
	}
	full := len(s.nonces) >= maxNonces
	if !full {
		s.nonces[text] = s.now().Add(nonceLifetime)
	}
	s.mu.Unlock()
	if full {
		http.Error(w, "too many requests are under way", http.StatusServiceUnavailable)
		return
	}
	reply(w, http.StatusOK, map[string]string{"nonce": text, "server": string(s.did)})
}

// takeNonce is true once for each nonce that was given out and has not ended.
func (s *server) takeNonce(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.nonces[text]
	delete(s.nonces, text)
	return ok && !s.now().After(until)
}

func (s *server) decide(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		reply(w, http.StatusRequestEntityTooLarge, map[string]string{"code": "BODY_TOO_LARGE", "message": err.Error()})
		return
	}
	var flows []string
	if err := json.Unmarshal(body, &flows); err != nil {
		reply(w, http.StatusBadRequest, map[string]string{"code": "BODY_INVALID", "message": err.Error()})
		return
	}
	operation := r.URL.Path[len("/v1/flows/"):]
	user, bundle, err := s.authenticate(r, body)
	if err == nil {
		ctx := context.WithValue(r.Context(), proofKey{}, bundle)
		err = s.policy.VerifyFlows(ctx, string(user), flows, operation)
	}
	if err != nil {
		reply(w, http.StatusForbidden, map[string]string{"code": string(gfauthz.CodeOf(err)), "message": err.Error()})
		return
	}
	reply(w, http.StatusOK, map[string]string{"status": "OK"})
}

// authenticate gives the key that made this very request, and the chain that it brought.
func (s *server) authenticate(r *http.Request, body []byte) (gfauthz.DID, *gfauthz.Bundle, error) {
	nonceText := r.Header.Get(headerNonce)
	nonce, errNonce := base64.StdEncoding.DecodeString(nonceText)
	proof, errProof := base64.StdEncoding.DecodeString(r.Header.Get(headerProof))
	chain, errChain := base64.StdEncoding.DecodeString(r.Header.Get(headerBundle))
	if errNonce != nil || errProof != nil || errChain != nil || !s.takeNonce(nonceText) {
		return "", nil, &gfauthz.Error{Code: gfauthz.PossessionMismatch, Message: "ask for a new nonce and sign this request with it", Link: gfauthz.NoLink}
	}
	user, err := gfauthz.VerifyPossession(proof, gfauthz.PossessionPolicy{
		Server: s.did, Nonce: nonce, Request: requestHash(r.Method, r.URL.Path, body), Now: s.now().Unix(),
	})
	if err != nil {
		return "", nil, err
	}
	if len(chain) == 0 {
		return user, nil, nil
	}
	bundle, err := gfauthz.VerifyBundle(chain)
	return user, bundle, err
}

// requestHash is what the client signs: method, path and body, each ended so that no two requests share a hash.
func requestHash(method, path string, body []byte) []byte {
	hash := sha256.New()
	hash.Write([]byte(method + "\n" + path + "\n"))
	hash.Write(body)
	return hash.Sum(nil)
}

func reply(w http.ResponseWriter, status int, body interface{}) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
