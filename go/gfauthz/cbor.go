package gfauthz

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/fxamacker/cbor/v2"
)

// Major types of CBOR (RFC 8949, 3.1).
const (
	majorNegative = 1
	majorBytes    = 2
	majorText     = 3
	majorArray    = 4
	majorMap      = 5
	majorTag      = 6
	majorSimple   = 7
)

var (
	decoder = mustDecMode(cbor.DecOptions{
		DupMapKey:       cbor.DupMapKeyEnforcedAPF,
		IndefLength:     cbor.IndefLengthForbidden,
		TagsMd:          cbor.TagsForbidden,
		DefaultMapType:  mapType,
		MaxNestedLevels: maxCborDepth + 1,
	})
	encoder = mustEncMode(cbor.EncOptions{Sort: cbor.SortLengthFirst})
)

// decodeCbor decodes one item of the strict subset (AZ1, AZ2). scanCbor judges shape and bounds before anything is built,
// and encoding the result must give the same bytes, which settles the order of keys and text that is not UTF-8.
func decodeCbor(data []byte) (interface{}, error) {
	if err := scanCbor(data); err != nil {
		return nil, err
	}
	var value interface{}
	if err := decoder.Unmarshal(data, &value); err != nil {
		return nil, errorf(CborInvalid, "not DAG-CBOR: %v", err)
	}
	again, err := encoder.Marshal(value)
	if err != nil || !bytes.Equal(again, data) {
		return nil, errorf(CborInvalid, "not strict DAG-CBOR: keys out of order")
	}
	return value, nil
}

var byteOrderMark = []byte("\ufeff")

// level is an array or map whose items are still to come.
type level struct {
	left  uint64
	isMap bool
}

// scanCbor is one pass over the heads of all items, without recursion and without building anything.
func scanCbor(data []byte) error {
	var open []level
	at := 0
	for items := 1; ; items++ {
		if items > maxCborItems {
			return errorf(CborTooMany, "more than %d items", maxCborItems)
		}
		major, value, end, err := readHead(data, at)
		if err != nil {
			return err
		}
		if len(open) > 0 {
			top := &open[len(open)-1]
			if top.isMap && top.left%2 == 0 && major != majorText {
				return errorf(CborInvalid, "a map key that is not text")
			}
			top.left--
		}
		at = end
		switch major {
		case majorBytes, majorText:
			if value > uint64(len(data)-at) {
				return errorf(CborInvalid, "it ends too early")
			}
			// Decoders of other languages drop a byte order mark, so that what they encode again differs (AZ2).
			if major == majorText && bytes.HasPrefix(data[at:at+int(value)], byteOrderMark) {
				return errorf(CborInvalid, "text with a byte order mark")
			}
			at += int(value)
		case majorArray, majorMap:
			if len(open) >= maxCborDepth {
				return errorf(CborTooDeep, "nested deeper than %d", maxCborDepth)
			}
			count := value
			if major == majorMap {
				count *= 2
			}
			if count > maxCborItems {
				return errorf(CborTooMany, "more than %d items", maxCborItems)
			}
			open = append(open, level{count, major == majorMap})
		}
		for len(open) > 0 && open[len(open)-1].left == 0 {
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			break
		}
	}
	if at != len(data) {
		return errorf(CborInvalid, "bytes after its end")
	}
	return nil
}

// readHead reads the head at an offset: definite, in its shortest form, of a kind that the subset has.
func readHead(data []byte, at int) (major byte, value uint64, end int, err error) {
	if at >= len(data) {
		return 0, 0, 0, errorf(CborInvalid, "it ends too early")
	}
	major, info := data[at]>>5, data[at]&31
	if major == majorTag {
		return 0, 0, 0, errorf(CborInvalid, "a tag")
	}
	if major == majorSimple {
		if info < 20 || info > 22 {
			return 0, 0, 0, errorf(CborInvalid, "a float or simple value")
		}
		return major, uint64(info), at + 1, nil
	}
	if info < 24 {
		return major, uint64(info), at + 1, nil
	}
	if info > 27 {
		return 0, 0, 0, errorf(CborInvalid, "an indefinite length")
	}
	size := 1 << (info - 24)
	end = at + 1 + size
	if end > len(data) {
		return 0, 0, 0, errorf(CborInvalid, "it ends too early")
	}
	var wide [8]byte
	copy(wide[8-size:], data[at+1:end])
	value = binary.BigEndian.Uint64(wide[:])
	if value > maxSafeInteger || (major == majorNegative && value == maxSafeInteger) {
		return 0, 0, 0, errorf(CborInvalid, "an integer beyond 2^53 − 1")
	}
	// The head is the shortest when the value does not fit into the size before: 23, or half as many bits.
	if (size == 1 && value < 24) || (size > 1 && bits.Len64(value) <= 4*size) {
		return 0, 0, 0, errorf(CborInvalid, "a head longer than needed")
	}
	return major, value, end, nil
}

func mustDecMode(options cbor.DecOptions) cbor.DecMode {
	mode, err := options.DecMode()
	if err != nil {
		panic(err) // the options are constants: a wrong one fails at every start
	}
	return mode
}

func mustEncMode(options cbor.EncOptions) cbor.EncMode {
	mode, err := options.EncMode()
	if err != nil {
		panic(err)
	}
	return mode
}
