package gfauthz

import (
	"crypto/ed25519"
	"encoding/hex"
	"math/big"
	"strings"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// DID is a did:key of an Ed25519 key, 56 characters. A libp2p Ed25519 PeerId holds the same 32 bytes. Only ParseDID,
// DIDOfKey and DIDOfPeer make one.
type DID string

const (
	didPrefix      = "did:key:z"
	didCharacters  = 56
	base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
)

// multicodecEd25519 is `ed25519-pub` as a varint.
var multicodecEd25519 = [2]byte{0xed, 0x01}

// smallOrderY holds the y coordinates, sign bit cleared, of the eight points of small order, as encoded.
var smallOrderY = map[string]bool{
	strings.Repeat("00", 32):                                           true,
	"01" + strings.Repeat("00", 31):                                    true,
	"ec" + strings.Repeat("ff", 30) + "7f":                             true,
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05": true,
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a": true,
}

// ParseDID reads a DID and judges its key (AZ5, AZ6). Codes: DID_INVALID, KEY_TYPE, KEY_WEAK.
func ParseDID(text string) (DID, error) {
	key, err := decodeDID(text)
	if err != nil {
		return "", err
	}
	if isWeakKey(key) {
		return "", errorf(KeyWeak, "this key is of small order or not in canonical form: anything would verify under it")
	}
	return DID(text), nil
}

// Key gives the 32 bytes of the DID's key.
func (d DID) Key() ed25519.PublicKey {
	key, err := decodeDID(string(d))
	if err != nil {
		panic(err) // a DID that no function of this package made
	}
	return key
}

// PeerID gives the libp2p PeerId of the DID's key.
func (d DID) PeerID() (peer.ID, error) {
	key, err := crypto.UnmarshalEd25519PublicKey(d.Key())
	if err != nil {
		return "", err
	}
	return peer.IDFromPublicKey(key)
}

// DIDOfKey gives the DID of a 32-byte Ed25519 public key. Codes: DID_INVALID, KEY_WEAK.
func DIDOfKey(key []byte) (DID, error) {
	if len(key) != ed25519.PublicKeySize {
		return "", errorf(DidInvalid, "an Ed25519 key has %d bytes, not %d", ed25519.PublicKeySize, len(key))
	}
	return ParseDID(didPrefix + encodeBase58(append(multicodecEd25519[:], key...)))
}

// DIDOfPeer gives the DID of an Ed25519 PeerId, such as that of a stream's remote. Codes: KEY_TYPE, KEY_WEAK.
func DIDOfPeer(id peer.ID) (DID, error) {
	key, err := id.ExtractPublicKey()
	if err != nil || key.Type() != crypto.Ed25519 {
		return "", errorf(KeyType, "only Ed25519 PeerIds are used here: %s", id)
	}
	raw, err := key.Raw()
	if err != nil {
		return "", errorf(KeyType, "%s: %v", id, err)
	}
	return DIDOfKey(raw)
}

func decodeDID(text string) ([]byte, error) {
	invalid := errorf(DidInvalid, "a DID here is did:key:z6Mk… with %d characters", didCharacters)
	if !strings.HasPrefix(text, didPrefix) || len(text) > 2*didCharacters {
		return nil, invalid
	}
	data, ok := decodeBase58(text[len(didPrefix):])
	if !ok {
		return nil, invalid
	}
	if len(data) < 2 || data[0] != multicodecEd25519[0] || data[1] != multicodecEd25519[1] {
		// A leading zero byte is a longer way to write nothing: no multicodec starts so.
		if len(data) < 3 || data[0] == 0 {
			return nil, invalid
		}
		return nil, errorf(KeyType, "only Ed25519 keys are used here")
	}
	if len(data) != 2+ed25519.PublicKeySize || len(text) != didCharacters {
		return nil, invalid
	}
	return data[2:], nil
}

func decodeBase58(text string) ([]byte, bool) {
	value := new(big.Int)
	radix := big.NewInt(58)
	for _, character := range []byte(text) {
		digit := strings.IndexByte(base58Alphabet, character)
		if digit < 0 {
			return nil, false
		}
		value.Add(value.Mul(value, radix), big.NewInt(int64(digit)))
	}
	zeros := len(text) - len(strings.TrimLeft(text, "1"))
	return append(make([]byte, zeros), value.Bytes()...), true
}

func encodeBase58(data []byte) string {
	value := new(big.Int).SetBytes(data)
	radix, digit := big.NewInt(58), new(big.Int)
	var reversed []byte
	for value.Sign() > 0 {
		value.DivMod(value, radix, digit)
		reversed = append(reversed, base58Alphabet[digit.Int64()])
	}
	for i := 0; i < len(data) && data[i] == 0; i++ {
		reversed = append(reversed, base58Alphabet[0])
	}
	for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
		reversed[i], reversed[j] = reversed[j], reversed[i]
	}
	return string(reversed)
}

// The field's prime and the order of the base point, little endian.
var (
	fieldP = mustHex("ed" + strings.Repeat("ff", 30) + "7f")
	orderL = mustHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
)

// isWeakKey is true for a key under which a signature proves nothing, or that has a second encoding. By bytes alone (AZ6).
func isWeakKey(key []byte) bool {
	y := clearSign(key)
	return !isBelow(y, fieldP) || smallOrderY[hex.EncodeToString(y)]
}

// isSignatureShape looks at the bytes alone: 64 of them, R canonical and not of small order, S < L (AZ7).
func isSignatureShape(signature []byte) bool {
	return len(signature) == ed25519.SignatureSize && !isWeakKey(signature[:32]) && isBelow(signature[32:], orderL)
}

func clearSign(point []byte) []byte {
	y := append([]byte{}, point...)
	y[31] &= 0x7f
	return y
}

// isBelow compares little-endian numbers of 32 bytes.
func isBelow(value, bound []byte) bool {
	for i := 31; i >= 0; i-- {
		if value[i] != bound[i] {
			return value[i] < bound[i]
		}
	}
	return false
}

func mustHex(text string) []byte {
	value, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return value
}
