// Package sign makes tokens for this module's tests; GloFlow's peers make theirs with @gloflow/authz.
package sign

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"

	"github.com/fxamacker/cbor/v2"

	"gloflow.org/peers/go/gfauthz"
)

// Map is a CBOR map to sign.
type Map map[string]interface{}

// Key is a device of a test.
type Key struct {
	DID     gfauthz.DID
	private ed25519.PrivateKey
}

// KeyOf makes a key from a name, the same at every run.
func KeyOf(name string) Key {
	seed := sha256.Sum256([]byte(name))
	private := ed25519.NewKeyFromSeed(seed[:])
	did, err := gfauthz.DIDOfKey(private.Public().(ed25519.PublicKey))
	must(err)
	return Key{did, private}
}

// Envelope signs a body under a tag.
func (k Key) Envelope(tag string, body interface{}) []byte {
	payload := Encode(Map{"h": []byte{0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0x71}, tag: body})
	signature := ed25519.Sign(k.private, payload)
	return append(append([]byte{0x82, 0x58, 0x40}, signature...), payload...)
}

// Delegate signs a delegation; fields of more replace the usual ones.
func (k Key) Delegate(flowKey, audience gfauthz.DID, command string, more Map) []byte {
	nonce := sha256.Sum256([]byte(string(k.DID) + string(audience) + command))
	body := Map{
		"iss": string(k.DID), "aud": string(audience), "sub": string(flowKey), "cmd": command,
		"pol": []interface{}{}, "nonce": nonce[:16], "exp": nil,
	}
	for field, value := range more {
		body[field] = value
	}
	return k.Envelope("ucan/dlg@1.0.0-rc.1", body)
}

// Bundle encodes a chain.
func Bundle(tokens ...[]byte) []byte { return Encode(Map{"gf/bundle@1": tokens}) }

// ID is the id of a signed thing, hex.
func ID(token []byte) string {
	id := sha256.Sum256(token[3+ed25519.SignatureSize:])
	return hex.EncodeToString(id[:])
}

// Encode gives DAG-CBOR.
func Encode(value interface{}) []byte {
	mode, err := cbor.EncOptions{Sort: cbor.SortLengthFirst}.EncMode()
	must(err)
	data, err := mode.Marshal(value)
	must(err)
	return data
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
