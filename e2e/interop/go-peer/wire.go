package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
)

// maxRequestBytes bounds one line of standard input.
const maxRequestBytes = 1 << 20

// fields is one JSON object to write out.
type fields map[string]interface{}

// request is one line of standard input: the fields of all commands together.
type request struct {
	ID        json.RawMessage `json:"id"`
	Cmd       string          `json:"cmd"`
	Addr      string          `json:"addr"`
	Peer      string          `json:"peer"`
	Protocol  string          `json:"protocol"`
	Text      string          `json:"text"`
	Base64    []byte          `json:"base64"`
	Body      json.RawMessage `json:"body"`
	Key       string          `json:"key"`
	Value     string          `json:"value"`
	Stream    int             `json:"stream"`
	Count     int             `json:"count"`
	Bytes     int64           `json:"bytes"`
	Raw       bool            `json:"raw"`
	Direct    bool            `json:"direct"`
	TimeoutMs int             `json:"timeoutMs"`
}

// failure is an error with a code for the answer.
type failure struct {
	code string
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func fail(code string, err error) error { return &failure{code, err} }

func failf(code, format string, args ...interface{}) error {
	return &failure{code, fmt.Errorf(format, args...)}
}

// wire writes whole JSON lines from many goroutines.
type wire struct {
	mu  sync.Mutex
	out *json.Encoder
}

func newWire(w io.Writer) *wire {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return &wire{out: encoder}
}

func (w *wire) write(line fields) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.out.Encode(line); err != nil {
		// Nobody reads any more: the test that started this peer is gone.
		fmt.Fprintln(os.Stderr, "go-peer: standard output:", err)
		os.Exit(74)
	}
}

func (w *wire) event(name string, with fields) {
	line := fields{"event": name}
	for key, value := range with {
		line[key] = value
	}
	w.write(line)
}

func (w *wire) answer(id json.RawMessage, with fields, err error) {
	line := fields{"id": id, "ok": err == nil}
	if err != nil {
		code := "FAILED"
		if f, ok := err.(*failure); ok {
			code = f.code
		}
		line["code"], line["message"] = code, err.Error()
	}
	for key, value := range with {
		line[key] = value
	}
	w.write(line)
}

// serve reads requests until standard input ends, `stop` comes or ctx is done. Each runs in a goroutine of its own, so
// that a slow dial does not hold up a status.
func (n *node) serve(ctx context.Context, in io.Reader) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), maxRequestBytes)
	go func() {
		defer cancel()
		for lines.Scan() {
			var r request
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				n.out.answer(r.ID, nil, fail("BAD_REQUEST", err))
				continue
			}
			if r.Cmd == "stop" {
				n.out.answer(r.ID, nil, nil)
				return
			}
			go func() {
				answer, err := n.run(ctx, r)
				n.out.answer(r.ID, answer, err)
			}()
		}
		if err := lines.Err(); err != nil {
			n.out.answer(nil, nil, fail("BAD_REQUEST", err))
		}
	}()
	<-ctx.Done()
}
