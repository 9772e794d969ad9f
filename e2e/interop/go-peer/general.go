package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	generalProtocol = protocol.ID("/gf/general/0.0.1")
	// maxLineBytes bounds a line in the tolerant reader; what is longer is counted and dropped.
	maxLineBytes = 64 << 10
	// sayTimeout bounds the writing of one line to one peer.
	sayTimeout = 10 * time.Second
)

// general is this peer's part in GloFlow's general channel.
type general struct {
	node                                        *node
	speaking                                    sync.Map // by peer.ID: the stream that lines are written on, the latest attached that has not ended
	messages, badLines, droppedBytes            atomic.Int64
	bytesIn, bytesOut, streamsOpened, streamsIn atomic.Int64
}

func (g *general) init(n *node) { g.node = n }

func (g *general) counters() fields {
	return fields{
		"messages": g.messages.Load(), "badLines": g.badLines.Load(), "droppedBytes": g.droppedBytes.Load(),
		"bytesIn": g.bytesIn.Load(), "bytesOut": g.bytesOut.Load(),
		"streamsOpened": g.streamsOpened.Load(), "streamsIn": g.streamsIn.Load(),
	}
}

func (g *general) handle(stream network.Stream) {
	g.streamsIn.Add(1)
	g.attach(stream, g.node.options.writer == "flood")
}

// attach starts reader and writer on a stream of either direction, and gives it a number for later commands.
func (g *general) attach(stream network.Stream, flood bool) int {
	id := g.node.keep(stream)
	g.speaking.Store(stream.Conn().RemotePeer(), stream)
	g.node.out.event("stream:open", fields{
		"stream": id, "peer": stream.Conn().RemotePeer().String(), "protocol": string(stream.Protocol()),
		"direction": directionOf(stream), "path": describeConn(stream.Conn())["path"],
	})
	switch g.node.options.reader {
	case "tolerant":
		go g.readTolerantly(id, stream)
	case "panic":
		go g.readOrPanic(stream)
	}
	if flood {
		go g.writeForEver(id, stream)
	}
	return id
}

func directionOf(stream network.Stream) string {
	if stream.Stat().Direction == network.DirInbound {
		return "inbound"
	}
	return "outbound"
}

// readOrPanic reads as GloFlow's peer does: lines of any length, each a JSON object; anything else ends the process.
func (g *general) readOrPanic(stream network.Stream) {
	reader := bufio.NewReader(stream)
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			panic(err)
		}
		g.bytesIn.Add(int64(len(line)))
		var value interface{}
		// As there: the parser's error is not looked at, and the assertion below fails in its stead.
		_ = json.Unmarshal([]byte(line), &value)
		object := value.(map[string]interface{})
		g.messages.Add(1)
		g.node.out.event("message", fields{"from": stream.Conn().RemotePeer().String(), "id": object["id"], "body": object})
	}
}

// readTolerantly reads the same lines, bounded, and goes on after bad ones.
func (g *general) readTolerantly(id int, stream network.Stream) {
	reader := bufio.NewReaderSize(stream, maxLineBytes)
	from := stream.Conn().RemotePeer().String()
	tooLong := false
	for {
		line, err := reader.ReadSlice('\n')
		g.bytesIn.Add(int64(len(line)))
		if errors.Is(err, bufio.ErrBufferFull) {
			g.droppedBytes.Add(int64(len(line)))
			tooLong = true
			continue
		}
		if err != nil {
			g.ended(id, stream, "read", err)
			return
		}
		var object map[string]interface{}
		if tooLong || json.Unmarshal(line, &object) != nil || object == nil {
			g.badLines.Add(1)
			tooLong = false
			continue
		}
		g.messages.Add(1)
		g.node.out.event("message", fields{"from": from, "id": object["id"], "body": object})
	}
}

// writeForEver writes as GloFlow's peer does: `{}` without a newline, each flushed, as fast as the stream takes it.
func (g *general) writeForEver(id int, stream network.Stream) {
	writer := bufio.NewWriter(stream)
	for {
		_, err := writer.Write([]byte("{}"))
		if err == nil {
			err = writer.Flush()
		}
		if err != nil {
			if g.node.options.reader == "panic" {
				panic(err)
			}
			g.ended(id, stream, "write", err)
			return
		}
		g.bytesOut.Add(2)
	}
}

func (g *general) ended(id int, stream network.Stream, side string, err error) {
	if current, ok := g.speaking.Load(stream.Conn().RemotePeer()); ok && current == stream {
		g.speaking.Delete(stream.Conn().RemotePeer())
	}
	how := err.Error()
	if errors.Is(err, io.EOF) {
		how = "EOF"
	} else if errors.Is(err, network.ErrReset) {
		how = "reset"
	}
	g.node.out.event("stream:end", fields{
		"stream": id, "peer": stream.Conn().RemotePeer().String(), "side": side, "how": how,
	})
}

// say sends one object to every connected peer that speaks the protocol, or to the one named.
func (n *node) say(ctx context.Context, r request) (fields, error) {
	body := []byte(r.Body)
	if len(body) == 0 {
		var err error
		if body, err = json.Marshal(map[string]string{"text": r.Text}); err != nil {
			return nil, fail("BAD_REQUEST", err)
		}
	}
	if n.options.writer == "flood" {
		return nil, failf("WRITER_FLOODS", "with -writer flood a stream carries no lines")
	}
	sent := 0
	for _, id := range n.host.Network().Peers() {
		if r.Peer != "" && r.Peer != id.String() {
			continue
		}
		if supported, err := n.host.Peerstore().SupportsProtocols(id, generalProtocol); err != nil || len(supported) == 0 {
			continue
		}
		stream, err := n.generalStream(ctx, id)
		if err != nil {
			return nil, fail("STREAM_FAILED", err)
		}
		if err := stream.SetWriteDeadline(time.Now().Add(sayTimeout)); err != nil {
			return nil, fail("STREAM_FAILED", err)
		}
		if _, err := stream.Write(append(body, '\n')); err != nil {
			return nil, fail("STREAM_FAILED", err)
		}
		sent++
	}
	return fields{"sentTo": sent}, nil
}

// generalStream gives the open general stream to the peer, of either direction, or opens one.
func (n *node) generalStream(ctx context.Context, id peer.ID) (network.Stream, error) {
	if current, ok := n.general.speaking.Load(id); ok {
		if stream, ok := current.(network.Stream); ok {
			return stream, nil
		}
	}
	stream, err := n.host.NewStream(allowLimited(ctx), id, generalProtocol)
	if err != nil {
		return nil, err
	}
	n.general.streamsOpened.Add(1)
	n.general.attach(stream, false)
	return stream, nil
}
