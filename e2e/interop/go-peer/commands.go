package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	ma "github.com/multiformats/go-multiaddr"
)

// defaultTimeout bounds a command that names no timeoutMs.
const defaultTimeout = 15 * time.Second

func (n *node) run(ctx context.Context, r request) (fields, error) {
	timeout := defaultTimeout
	if r.TimeoutMs > 0 {
		timeout = time.Duration(r.TimeoutMs) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	commands := map[string]func(context.Context, request) (fields, error){
		"status": n.status, "dial": n.dial, "disconnect": n.disconnect, "ping": n.ping, "identify": n.identify,
		"say": n.say, "open": n.open, "write": n.write, "closeWrite": n.endStream, "close": n.endStream, "reset": n.endStream,
		"flood": n.flood, "echo": n.echo, "reserve": n.reserve,
		"advertise": n.advertise, "find": n.find, "put": n.put, "get": n.get, "dht": n.dhtStatus, "dhtFlood": n.dhtFlood,
	}
	command, ok := commands[r.Cmd]
	if !ok {
		return nil, failf("UNKNOWN_COMMAND", "there is no command %q", r.Cmd)
	}
	return command(ctx, r)
}

func (n *node) status(context.Context, request) (fields, error) {
	peers := []fields{}
	for _, id := range n.host.Network().Peers() {
		connections := []fields{}
		for _, conn := range n.host.Network().ConnsToPeer(id) {
			connections = append(connections, describeConn(conn))
		}
		path := "relayed"
		for _, connection := range connections {
			if connection["path"] == "direct" {
				path = "direct"
			}
		}
		peers = append(peers, fields{"id": id.String(), "path": path, "connections": connections})
	}
	answer := n.self()
	answer["peers"] = peers
	answer["general"] = n.general.counters()
	answer["knownPeers"] = len(n.host.Peerstore().Peers())
	return answer, nil
}

func describeConn(conn network.Conn) fields {
	state := conn.ConnState()
	path := "direct"
	if isCircuit(conn.RemoteMultiaddr()) {
		path = "relayed"
	}
	return fields{
		"peer":      conn.RemotePeer().String(),
		"addr":      conn.RemoteMultiaddr().String(),
		"path":      path,
		"direction": strings.ToLower(conn.Stat().Direction.String()),
		"security":  string(state.Security),
		"muxer":     string(state.StreamMultiplexer),
		"transport": state.Transport,
		"limited":   isLimited(conn),
		"streams":   len(conn.GetStreams()),
	}
}

func isCircuit(addr ma.Multiaddr) bool {
	_, err := addr.ValueForProtocol(ma.P_CIRCUIT)
	return err == nil
}

// dial connects to an address that ends in /p2p/ID and says what was negotiated.
func (n *node) dial(ctx context.Context, r request) (fields, error) {
	info, err := peer.AddrInfoFromString(r.Addr)
	if err != nil {
		return nil, fail("BAD_REQUEST", err)
	}
	if r.Direct {
		ctx = network.WithForceDirectDial(ctx, "interop test")
	}
	if err := n.host.Connect(allowLimited(ctx), *info); err != nil {
		return nil, fail(dialCode(err), err)
	}
	conns := n.host.Network().ConnsToPeer(info.ID)
	if len(conns) == 0 {
		return nil, failf("DIAL_FAILED", "%s closed the connection at once", info.ID)
	}
	answer := describeConn(conns[len(conns)-1])
	answer["peerId"] = info.ID.String()
	return answer, nil
}

// dialCode tells the refusal of a wrong PeerId from other failures; both versions say it only in words.
func dialCode(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "peer id mismatch"), strings.Contains(text, "peer IDs don't match"):
		return "WRONG_PEER"
	case errors.Is(err, context.DeadlineExceeded):
		return "TIMEOUT"
	default:
		return "DIAL_FAILED"
	}
}

func (n *node) disconnect(_ context.Context, r request) (fields, error) {
	id, err := peer.Decode(r.Peer)
	if err != nil {
		return nil, fail("BAD_REQUEST", err)
	}
	n.host.Peerstore().ClearAddrs(id)
	return nil, n.host.Network().ClosePeer(id)
}

func (n *node) ping(ctx context.Context, r request) (fields, error) {
	id, err := peer.Decode(r.Peer)
	if err != nil {
		return nil, fail("BAD_REQUEST", err)
	}
	result, ok := <-ping.Ping(allowLimited(ctx), n.host, id)
	if !ok {
		return nil, failf("TIMEOUT", "no pong from %s", id)
	}
	if result.Error != nil {
		return nil, fail("PING_FAILED", result.Error)
	}
	return fields{"rttMs": float64(result.RTT.Microseconds()) / 1000}, nil
}

// identify says what the peer told of itself by identify, once that has run; it waits until then.
func (n *node) identify(ctx context.Context, r request) (fields, error) {
	id, err := peer.Decode(r.Peer)
	if err != nil {
		return nil, fail("BAD_REQUEST", err)
	}
	book := n.host.Peerstore()
	for {
		protocols, err := book.GetProtocols(id)
		if err == nil && len(protocols) > 0 {
			break
		}
		select {
		case <-ctx.Done():
			return nil, failf("TIMEOUT", "%s did not identify itself", id)
		case <-time.After(20 * time.Millisecond):
		}
	}
	protocols, _ := book.GetProtocols(id)
	answer := fields{"protocols": protocols, "listenAddrs": addrStrings(book.Addrs(id))}
	if agent, err := book.Get(id, "AgentVersion"); err == nil {
		answer["agent"] = agent
	}
	key := book.PubKey(id)
	if key == nil {
		return nil, failf("IDENTIFY_FAILED", "%s: no public key", id)
	}
	answer["keyType"] = key.Type().String()
	answer["keyMatches"] = id.MatchesPublicKey(key)
	return answer, nil
}

// reserve takes a slot at a relay and announces the circuit address from then on.
func (n *node) reserve(ctx context.Context, r request) (fields, error) {
	info, err := peer.AddrInfoFromString(r.Addr)
	if err != nil {
		return nil, fail("BAD_REQUEST", err)
	}
	slot, err := client.Reserve(ctx, n.host, *info)
	if err != nil {
		return nil, fail("RESERVE_FAILED", err)
	}
	n.host.ConnManager().Protect(info.ID, "relay")
	n.host.Peerstore().AddAddrs(info.ID, info.Addrs, peerstore.PermanentAddrTTL)
	circuit := ma.StringCast(r.Addr + "/p2p-circuit")
	n.mu.Lock()
	n.extra = append(n.extra, circuit)
	n.mu.Unlock()
	return fields{
		"expiration":   slot.Expiration.Unix(),
		"limitSeconds": slot.LimitDuration.Seconds(),
		"limitBytes":   slot.LimitData,
		"addrs":        addrStrings(slot.Addrs),
		"circuit":      circuit.String() + "/p2p/" + n.host.ID().String(),
		"voucher":      slot.Voucher != nil,
	}, nil
}
