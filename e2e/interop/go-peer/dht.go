package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"crypto/rand"

	dht "github.com/libp2p/go-libp2p-kad-dht"
	record "github.com/libp2p/go-libp2p-record"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/discovery/routing"
)

const kadProtocol = protocol.ID("/ipfs/kad/1.0.0")

// maxGfValueBytes bounds a value below /gf/.
const maxGfValueBytes = 1024

// gfValidator takes any bounded value below /gf/ and prefers the one that it holds.
type gfValidator struct{}

func (gfValidator) Validate(key string, value []byte) error {
	if len(value) > maxGfValueBytes {
		return fmt.Errorf("%s: %d bytes, at most %d are taken", key, len(value), maxGfValueBytes)
	}
	return nil
}

func (gfValidator) Select(string, [][]byte) (int, error) { return 0, nil }

func (n *node) startDHT(ctx context.Context) error {
	if n.options.dhtMode == "off" {
		return nil
	}
	mode := dht.ModeServer
	if n.options.dhtMode == "client" {
		mode = dht.ModeClient
	}
	var err error
	if n.dht, err = newDHT(ctx, n.host, dht.Mode(mode)); err != nil {
		return err
	}
	if n.options.gfValidator {
		// The default prefix takes no third validator as an option, so it is added to the table that the DHT reads.
		table, ok := n.dht.Validator.(record.NamespacedValidator)
		if !ok {
			return errors.New("the DHT's validator is no table of namespaces")
		}
		table["gf"] = gfValidator{}
	}
	return n.dht.Bootstrap(ctx)
}

func (n *node) needDHT() error {
	if n.dht == nil {
		return failf("NO_DHT", "start with -dht server or -dht client")
	}
	return nil
}

func (n *node) advertise(ctx context.Context, r request) (fields, error) {
	if err := n.needDHT(); err != nil {
		return nil, err
	}
	ttl, err := routing.NewRoutingDiscovery(n.dht).Advertise(ctx, orElse(r.Key, n.options.rendezvous))
	if err != nil {
		return nil, fail("DHT_FAILED", err)
	}
	return fields{"ttlSeconds": ttl.Seconds()}, nil
}

// find collects providers of the rendezvous string until the lookup ends, or count of them have come.
func (n *node) find(ctx context.Context, r request) (fields, error) {
	if err := n.needDHT(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found, err := routing.NewRoutingDiscovery(n.dht).FindPeers(ctx, orElse(r.Key, n.options.rendezvous))
	if err != nil {
		return nil, fail("DHT_FAILED", err)
	}
	peers := []fields{}
	for info := range found {
		if info.ID == n.host.ID() {
			continue
		}
		peers = append(peers, fields{"id": info.ID.String(), "addrs": addrStrings(info.Addrs)})
		if r.Count > 0 && len(peers) >= r.Count {
			break
		}
	}
	return fields{"peers": peers}, nil
}

func (n *node) put(ctx context.Context, r request) (fields, error) {
	if err := n.needDHT(); err != nil {
		return nil, err
	}
	if err := n.dht.PutValue(ctx, r.Key, []byte(r.Value)); err != nil {
		return nil, fail("DHT_FAILED", err)
	}
	return nil, nil
}

func (n *node) get(ctx context.Context, r request) (fields, error) {
	if err := n.needDHT(); err != nil {
		return nil, err
	}
	value, err := n.dht.GetValue(ctx, r.Key)
	if err != nil {
		return nil, fail("DHT_FAILED", err)
	}
	return fields{"value": string(value)}, nil
}

func (n *node) dhtStatus(context.Context, request) (fields, error) {
	if err := n.needDHT(); err != nil {
		return nil, err
	}
	peers := []string{}
	for _, id := range n.dht.RoutingTable().ListPeers() {
		peers = append(peers, id.String())
	}
	mode := map[dht.ModeOpt]string{dht.ModeClient: "client", dht.ModeServer: "server"}[n.dht.Mode()]
	return fields{"mode": mode, "routingTable": peers}, nil
}

// dhtFlood is a hostile neighbour: count provider records (text "provider") or values of the given size (text "value"),
// each under a fresh random key, written straight to one peer without a lookup. The messages are made by hand so that
// one source serves both generations of kad-dht.
func (n *node) dhtFlood(ctx context.Context, r request) (fields, error) {
	id, err := peer.Decode(r.Peer)
	if err != nil || r.Count < 1 {
		return nil, failf("BAD_REQUEST", "dhtFlood wants peer and count")
	}
	stream, err := n.host.NewStream(allowLimited(ctx), id, kadProtocol)
	if err != nil {
		return nil, fail("STREAM_FAILED", err)
	}
	defer stream.Reset()
	deadline, _ := ctx.Deadline()
	_ = stream.SetDeadline(deadline)
	started := time.Now()
	for i := 0; i < r.Count; i++ {
		message := n.providerMessage()
		if r.Text == "value" {
			message = valueMessage(int(r.Bytes))
		}
		if _, err := stream.Write(append(binary.AppendUvarint(nil, uint64(len(message))), message...)); err != nil {
			return fields{"sent": i, "stopped": err.Error()}, nil
		}
	}
	return fields{"sent": r.Count, "ms": time.Since(started).Milliseconds()}, nil
}

// Field numbers and types of kad-dht's message (libp2p/specs kad-dht, "RPC messages").
const (
	kadPutValue    = 0
	kadAddProvider = 2
)

func (n *node) providerMessage() []byte {
	provider := protoBytes(nil, 1, []byte(n.host.ID()))
	for _, addr := range n.host.Addrs() {
		provider = protoBytes(provider, 2, addr.Bytes())
	}
	message := protoVarint(nil, 1, kadAddProvider)
	message = protoBytes(message, 2, append([]byte{0x12, 0x20}, randomBytes(32)...))
	return protoBytes(message, 9, provider)
}

func valueMessage(size int) []byte {
	key := []byte(fmt.Sprintf("/gf/0.0.1/%x", randomBytes(16)))
	entry := protoBytes(protoBytes(nil, 1, key), 2, randomBytes(size))
	message := protoVarint(nil, 1, kadPutValue)
	message = protoBytes(message, 2, key)
	return protoBytes(message, 3, entry)
}

func protoVarint(to []byte, field, value uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(to, field<<3), value)
}

func protoBytes(to []byte, field uint64, value []byte) []byte {
	to = binary.AppendUvarint(binary.AppendUvarint(to, field<<3|2), uint64(len(value)))
	return append(to, value...)
}

func randomBytes(count int) []byte {
	value := make([]byte, count)
	if _, err := rand.Read(value); err != nil {
		panic(err) // no randomness: nothing that this peer says would be worth a test
	}
	return value
}
