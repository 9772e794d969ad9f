package gfauthz

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
)

// Tags separate domains, so that one kind's signature is never another's (AZ3).
const (
	tagDelegation = "ucan/dlg@1.0.0-rc.1"
	tagCheckpoint = "gf/checkpoint@1"
	tagPossession = "gf/pop@1"
	tagCard       = "gf/card@1"
	tagOperation  = "gf/op@1"
)

// varsig is the header of EdDSA over edwards25519 with SHA-512, of DAG-CBOR.
var varsig = []byte{0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0x71}

// payloadAt is where the signed payload begins: after the heads of list and signature, and the signature.
const payloadAt = 1 + 2 + ed25519.SignatureSize

// envelope is a signed thing whose signature is not yet verified.
type envelope struct {
	// ID is the SHA-256 of the signed payload, hex.
	ID        string
	payload   []byte
	signature []byte
}

// parseEnvelope reads `[signature, {"h": varsig, tag: body}]` and gives the body (AZ3).
func parseEnvelope(data []byte, tag string, maxBytes int, tooLarge Code) (envelope, interface{}, error) {
	if len(data) > maxBytes {
		return envelope{}, nil, errorf(tooLarge, "%d bytes where %d are the most", len(data), maxBytes)
	}
	value, err := decodeCbor(data)
	if err != nil {
		return envelope{}, nil, err
	}
	notAnEnvelope := errorf(EnvelopeInvalid, "not a signed envelope of signature and payload")
	outer, ok := value.([]interface{})
	if !ok || len(outer) != 2 {
		return envelope{}, nil, notAnEnvelope
	}
	signature, isBytes := outer[0].([]byte)
	payload, isMap := outer[1].(map[string]interface{})
	if !isBytes || !isMap || len(payload) != 2 {
		return envelope{}, nil, notAnEnvelope
	}
	if !isSignatureShape(signature) {
		return envelope{}, nil, errorf(SignatureMalformed, "an Ed25519 signature has 64 bytes, a canonical R, and S below the group order")
	}
	header, ok := payload["h"].([]byte)
	if !ok {
		return envelope{}, nil, notAnEnvelope
	}
	if !bytes.Equal(header, varsig) {
		return envelope{}, nil, errorf(VarsigUnknown, "only Ed25519 over DAG-CBOR is used here")
	}
	body, ok := payload[tag]
	if !ok {
		return envelope{}, nil, errorf(TagUnknown, "this is not a %s", tag)
	}
	signed := data[payloadAt:]
	id := sha256.Sum256(signed)
	return envelope{ID: hex.EncodeToString(id[:]), payload: signed, signature: signature}, body, nil
}

// verify checks the signature (AZ7). Go's equation is the cofactorless one, with R compared as bytes.
func (e envelope) verify(issuer DID) error {
	if !ed25519.Verify(issuer.Key(), e.payload, e.signature) {
		return errorf(SignatureInvalid, "the signature is not by %s", issuer)
	}
	return nil
}
