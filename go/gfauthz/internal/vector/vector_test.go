package vector

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestVectors judges every case of vectors/ that this module judges, and holds it to what the case expects.
func TestVectors(t *testing.T) {
	files, err := filepath.Glob("../../../../vectors/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	judged := 0
	for _, file := range files {
		if filepath.Base(file) == "schema.json" {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []Case
		if err := json.Unmarshal(data, &cases); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range cases {
			verdict, err := Judge(c)
			if err != nil {
				t.Error(err)
				continue
			}
			judged++
			if got := normal(t, verdict); !reflect.DeepEqual(got, normal(t, c.Expect)) {
				t.Errorf("%s/%s: %v, want %s", c.Kind, c.ID, got, c.Expect)
			}
		}
	}
	t.Logf("%d cases", judged)
}

// normal gives a JSON value without the order of keys.
func normal(t *testing.T, value interface{}) interface{} {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var plain interface{}
	if err := json.Unmarshal(data, &plain); err != nil {
		t.Fatal(err)
	}
	return plain
}
