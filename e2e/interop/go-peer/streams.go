package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// echoProtocol sends back what it gets, so that tests can carry bytes over a path and compare them.
const echoProtocol = protocol.ID("/gf/interop-echo/1.0.0")

// maxEchoBytes bounds what one echo carries.
const maxEchoBytes = 64 << 20

func handleEcho(stream network.Stream) {
	defer stream.Close()
	if _, err := io.Copy(stream, io.LimitReader(stream, maxEchoBytes)); err != nil {
		_ = stream.Reset()
	}
}

// echo sends random bytes to a peer's echo handler and compares the hash of what comes back.
func (n *node) echo(ctx context.Context, r request) (fields, error) {
	id, err := peer.Decode(r.Peer)
	if err != nil || r.Bytes < 1 || r.Bytes > maxEchoBytes {
		return nil, failf("BAD_REQUEST", "echo wants peer and bytes from 1 to %d", maxEchoBytes)
	}
	stream, err := n.host.NewStream(allowLimited(ctx), id, echoProtocol)
	if err != nil {
		return nil, fail("STREAM_FAILED", err)
	}
	defer stream.Reset()
	deadline, _ := ctx.Deadline()
	_ = stream.SetDeadline(deadline)
	started := time.Now()
	sent, got := sha256.New(), sha256.New()
	wrote := make(chan error, 1)
	go func() {
		_, err := io.CopyN(io.MultiWriter(stream, sent), rand.Reader, r.Bytes)
		if err == nil {
			err = stream.CloseWrite()
		}
		wrote <- err
	}()
	back, err := io.Copy(got, io.LimitReader(stream, maxEchoBytes+1))
	if err != nil {
		return nil, fail("STREAM_FAILED", err)
	}
	if err := <-wrote; err != nil {
		return nil, fail("STREAM_FAILED", err)
	}
	if back != r.Bytes || !bytes.Equal(sent.Sum(nil), got.Sum(nil)) {
		return nil, failf("ECHO_DIFFERS", "sent %d bytes, got %d back", r.Bytes, back)
	}
	return fields{
		"bytes": back, "ms": time.Since(started).Milliseconds(), "path": describeConn(stream.Conn())["path"],
	}, nil
}

func (n *node) keep(stream network.Stream) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lastID++
	n.streams[n.lastID] = stream
	return n.lastID
}

func (n *node) stream(r request) (network.Stream, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	stream, ok := n.streams[r.Stream]
	if !ok {
		return nil, failf("NO_STREAM", "there is no stream %d", r.Stream)
	}
	return stream, nil
}

// open opens one stream, or with count many, and keeps them. A general stream gets its reader (and with -writer flood
// its writer), unless raw is set.
func (n *node) open(ctx context.Context, r request) (fields, error) {
	id, err := peer.Decode(r.Peer)
	if err != nil {
		return nil, fail("BAD_REQUEST", err)
	}
	count := r.Count
	if count < 1 {
		count = 1
	}
	ids := []int{}
	var protocolID string
	for i := 0; i < count; i++ {
		stream, err := n.host.NewStream(allowLimited(ctx), id, protocol.ID(r.Protocol))
		if err != nil {
			if i == 0 {
				return nil, fail("STREAM_FAILED", err)
			}
			return fields{"protocol": protocolID, "streams": ids, "opened": i, "stopped": err.Error()}, nil
		}
		protocolID = string(stream.Protocol())
		if r.Raw || stream.Protocol() != generalProtocol {
			ids = append(ids, n.keep(stream))
			continue
		}
		n.general.streamsOpened.Add(1)
		ids = append(ids, n.general.attach(stream, n.options.writer == "flood"))
	}
	return fields{"protocol": protocolID, "streams": ids, "opened": count}, nil
}

// write puts text, or base64 for bytes that are no text, on a stream as it is, or with bytes repeats it up to that many bytes: lines of any length.
func (n *node) write(ctx context.Context, r request) (fields, error) {
	stream, err := n.stream(r)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	_ = stream.SetWriteDeadline(deadline)
	if r.Bytes == 0 {
		data := append([]byte(r.Text), r.Base64...)
		_, err = stream.Write(data)
		return fields{"bytes": len(data)}, streamError(err)
	}
	if r.Text == "" {
		return nil, failf("BAD_REQUEST", "write with bytes wants text to repeat")
	}
	chunk := bytes.Repeat([]byte(r.Text), 1+(64<<10)/len(r.Text))
	written := int64(0)
	for written < r.Bytes {
		part := chunk
		if left := r.Bytes - written; left < int64(len(part)) {
			part = part[:left]
		}
		count, err := stream.Write(part)
		written += int64(count)
		if err != nil {
			return fields{"bytes": written}, fail("STREAM_FAILED", err)
		}
	}
	return fields{"bytes": written}, nil
}

// flood opens a general stream to a peer and writes on it as GloFlow's peer does, until the stream ends.
func (n *node) flood(ctx context.Context, r request) (fields, error) {
	id, err := peer.Decode(r.Peer)
	if err != nil {
		return nil, fail("BAD_REQUEST", err)
	}
	stream, err := n.host.NewStream(allowLimited(ctx), id, generalProtocol)
	if err != nil {
		return nil, fail("STREAM_FAILED", err)
	}
	n.general.streamsOpened.Add(1)
	return fields{"stream": n.general.attach(stream, true)}, nil
}

// endStream is closeWrite, close and reset.
func (n *node) endStream(_ context.Context, r request) (fields, error) {
	stream, err := n.stream(r)
	if err != nil {
		return nil, err
	}
	switch r.Cmd {
	case "closeWrite":
		return nil, streamError(stream.CloseWrite())
	case "close":
		return nil, streamError(stream.Close())
	default:
		return nil, streamError(stream.Reset())
	}
}

func streamError(err error) error {
	if err == nil {
		return nil
	}
	return fail("STREAM_FAILED", err)
}
