package gfauthz

import "bytes"

// Possession is a proof, where no secure channel authenticates the sender, that the holder of a key made one request.
type Possession struct {
	envelope
	Issuer   DID
	Audience DID
	Nonce    []byte
	// Request is the SHA-256 of the request.
	Request []byte
	// Expires is UNIX seconds.
	Expires int64
}

// PossessionPolicy is what the server knows of the request that it answers.
type PossessionPolicy struct {
	Server DID
	// Nonce is the one that the server gave out, and takes once.
	Nonce []byte
	// Request is the SHA-256 of the request as the server defines it.
	Request []byte
	// Now is UNIX seconds.
	Now int64
}

// ParsePossession reads a proof of possession; it verifies nothing.
func ParsePossession(data []byte) (*Possession, error) {
	signed, body, err := parseEnvelope(data, tagPossession, maxTokenBytes, TokenTooLarge)
	if err != nil {
		return nil, err
	}
	f, err := readFields(body, "a proof of possession", []string{"iss", "aud", "nonce", "req", "exp"})
	if err != nil {
		return nil, err
	}
	p := &Possession{envelope: signed}
	if p.Issuer, err = f.did("iss"); err != nil {
		return nil, err
	}
	if p.Audience, err = f.did("aud"); err != nil {
		return nil, err
	}
	if p.Nonce, err = f.nonce("nonce"); err != nil {
		return nil, err
	}
	if p.Request, err = f.bytes("req", 32, 32, FieldType); err != nil {
		return nil, err
	}
	if p.Expires, err = f.time("exp"); err != nil {
		return nil, err
	}
	return p, nil
}

// VerifyPossession gives the key that made the request: the Remote of a decision (AZ22). The caller takes a nonce once.
func VerifyPossession(data []byte, policy PossessionPolicy) (DID, error) {
	proof, err := ParsePossession(data)
	if err != nil {
		return "", err
	}
	same := proof.Audience == policy.Server && bytes.Equal(proof.Nonce, policy.Nonce) && bytes.Equal(proof.Request, policy.Request)
	switch {
	case !same:
		return "", errorf(PossessionMismatch, "the proof is for another server, nonce or request; ask for a new nonce")
	case policy.Now < -maxSafeInteger || policy.Now > maxSafeInteger:
		return "", errorf(ClockInvalid, "the clock gave no time; set it and try again")
	case policy.Now > proof.Expires+clockSkewSeconds:
		return "", errorf(Expired, "the proof has ended; make a new one")
	case proof.Expires > policy.Now+maxPossessionSeconds+clockSkewSeconds:
		return "", errorf(TimeInvalid, "a proof lives at most %d s; make a shorter one", maxPossessionSeconds)
	}
	if err := proof.verify(proof.Issuer); err != nil {
		return "", err
	}
	return proof.Issuer, nil
}
