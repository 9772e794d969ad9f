package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/libp2p/go-libp2p/core/crypto"
)

// rsaBits is the smallest size that js-libp2p and go-libp2p both accept.
const rsaBits = 2048

// makeKey makes the identity: a fresh one, or with an Ed25519 seed always the same.
func makeKey(keyType, seedHex string) (crypto.PrivKey, error) {
	if seedHex != "" {
		seed, err := hex.DecodeString(seedHex)
		if err != nil || len(seed) != 32 || keyType != "ed25519" {
			return nil, fmt.Errorf("-seed wants 64 hex digits and -key-type ed25519")
		}
		key, _, err := crypto.GenerateEd25519Key(bytes.NewReader(seed))
		return key, err
	}
	kind, bits := crypto.Ed25519, -1
	switch keyType {
	case "secp256k1":
		kind = crypto.Secp256k1
	case "ecdsa":
		kind = crypto.ECDSA
	case "rsa":
		kind, bits = crypto.RSA, rsaBits
	}
	key, _, err := crypto.GenerateKeyPairWithReader(kind, bits, rand.Reader)
	return key, err
}
