package gfauthz

import (
	"encoding/hex"
	"reflect"
)

// fields is a decoded map whose keys were compared with the expected ones.
type fields map[string]interface{}

var mapType = reflect.TypeOf(map[string]interface{}(nil))

// readFields gives the fields of a map: all of required, maybe some of optional, nothing else (AZ4).
func readFields(value interface{}, what string, required []string, optional ...string) (fields, error) {
	found, ok := value.(map[string]interface{})
	if !ok {
		return nil, errorf(FieldType, "%s must be a map", what)
	}
	known := map[string]bool{}
	for _, key := range append(append([]string{}, required...), optional...) {
		known[key] = true
	}
	for key := range found {
		if !known[key] {
			return nil, errorf(FieldUnknown, "%s has a field that nobody defines: %.32q", what, key)
		}
	}
	for _, key := range required {
		if _, ok := found[key]; !ok {
			return nil, errorf(FieldMissing, "%s lacks its field %q", what, key)
		}
	}
	return found, nil
}

func (f fields) has(key string) bool {
	_, ok := f[key]
	return ok
}

func (f fields) text(key string) (string, error) {
	value, ok := f[key].(string)
	if !ok {
		return "", errorf(FieldType, "%q must be text", key)
	}
	return value, nil
}

func (f fields) did(key string) (DID, error) {
	text, err := f.text(key)
	if err != nil {
		return "", err
	}
	return ParseDID(text)
}

func (f fields) boolean(key string) (bool, error) {
	value, ok := f[key].(bool)
	if !ok {
		return false, errorf(FieldType, "%q must be true or false", key)
	}
	return value, nil
}

// bytes gives bytes of a length between min and max; code is for another length.
func (f fields) bytes(key string, min, max int, code Code) ([]byte, error) {
	value, ok := f[key].([]byte)
	if !ok {
		return nil, errorf(FieldType, "%q must be bytes", key)
	}
	if len(value) < min || len(value) > max {
		return nil, errorf(code, "%q must have %d to %d bytes, not %d", key, min, max, len(value))
	}
	return value, nil
}

func (f fields) nonce(key string) ([]byte, error) {
	return f.bytes(key, minNonceBytes, maxNonceBytes, NonceLength)
}

// time gives UNIX seconds.
func (f fields) time(key string) (int64, error) {
	switch value := f[key].(type) {
	case uint64:
		return int64(value), nil // scanCbor let nothing beyond 2^53−1 through
	case int64:
		return 0, errorf(TimeInvalid, "%q must not be negative", key)
	default:
		return 0, errorf(FieldType, "%q must be an integer", key)
	}
}

// integer gives a whole number between min and max.
func (f fields) integer(key string, min, max int64) (int64, error) {
	value := int64(-1)
	switch found := f[key].(type) {
	case uint64:
		value = int64(found)
	case int64:
		value = found
	default:
		return 0, errorf(FieldType, "%q must be an integer", key)
	}
	if value < min || value > max {
		return 0, errorf(FieldType, "%q must be between %d and %d", key, min, max)
	}
	return value, nil
}

// list gives a list of at most max entries.
func (f fields) list(key string, max int) ([]interface{}, error) {
	list, ok := f[key].([]interface{})
	if !ok {
		return nil, errorf(FieldType, "%q must be a list", key)
	}
	if len(list) > max {
		return nil, errorf(FieldType, "%q has more than %d entries", key, max)
	}
	return list, nil
}

// blob gives bytes that something else parses, or that stay opaque; the thing around them is bounded.
func (f fields) blob(key string) ([]byte, error) {
	return f.bytes(key, 0, maxOperationBytes, FieldType)
}

// checkAscending wants keys sorted and unique, so that a set has one encoding.
func checkAscending(keys []string, what string) error {
	for i := 1; i < len(keys); i++ {
		if keys[i-1] >= keys[i] {
			return errorf(FieldType, "%q must be ascending and without duplicates", what)
		}
	}
	return nil
}

// id gives a 32-byte id as hex.
func (f fields) id(key string) (string, error) {
	value, err := f.bytes(key, 32, 32, FieldType)
	return hex.EncodeToString(value), err
}

// ids gives a list of 32-byte ids, ascending and without duplicates, as hex.
func (f fields) ids(key string, max int) ([]string, error) {
	list, err := f.list(key, max)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(list))
	for _, entry := range list {
		id, err := fields{key: entry}.id(key)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, checkAscending(ids, key)
}
