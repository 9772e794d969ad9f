package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/host/autorelay"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	ma "github.com/multiformats/go-multiaddr"
)

// GloFlow's connection manager: trim from highWater down to lowWater connections, none younger than the grace.
const (
	lowWater  = 100
	highWater = 400
)

// node is the running peer.
type node struct {
	host    host.Host
	dht     *dht.IpfsDHT
	out     *wire
	options options
	general general

	mu      sync.Mutex
	extra   []ma.Multiaddr // announced besides what the host listens on: -announce and circuits
	streams map[int]network.Stream
	lastID  int
}

func startNode(ctx context.Context, o options, out *wire) (*node, error) {
	n := &node{out: out, options: o, extra: o.announce, streams: map[int]network.Stream{}}
	n.general.init(n)
	opts, err := n.hostOptions()
	if err != nil {
		return nil, err
	}
	if n.host, err = libp2p.New(opts...); err != nil {
		return nil, fmt.Errorf("start libp2p: %w", err)
	}
	service := &ping.PingService{Host: n.host}
	n.host.SetStreamHandler(ping.ID, service.PingHandler)
	n.host.SetStreamHandler(generalProtocol, n.general.handle)
	n.host.SetStreamHandler(echoProtocol, handleEcho)
	n.watchConnections()
	if err := n.startDHT(ctx); err != nil {
		return nil, fmt.Errorf("start the DHT: %w", err)
	}
	for _, info := range o.bootstrap {
		if err := n.host.Connect(ctx, info); err != nil {
			n.out.event("bootstrap:failed", fields{"peer": info.ID.String(), "message": err.Error()})
		}
	}
	return n, nil
}

func (n *node) hostOptions() ([]libp2p.Option, error) {
	o := n.options
	key, err := makeKey(o.keyType, o.seed)
	if err != nil {
		return nil, err
	}
	manager, err := connmgr.NewConnManager(lowWater, highWater, connmgr.WithGracePeriod(time.Minute))
	if err != nil {
		return nil, err
	}
	opts := []libp2p.Option{
		libp2p.Identity(key),
		libp2p.ListenAddrs(o.listen...),
		libp2p.AddrsFactory(n.announced),
		libp2p.ConnectionManager(manager),
		libp2p.Ping(false), // GloFlow sets its own handler on the standard protocol
		libp2p.EnableRelay(),
	}
	if len(o.listen) == 0 {
		opts = append(opts, libp2p.NoListenAddrs, libp2p.EnableRelay())
	}
	for _, name := range o.security {
		switch name {
		case "tls":
			opts = append(opts, libp2p.Security(libp2ptls.ID, libp2ptls.New))
		case "noise":
			opts = append(opts, libp2p.Security(noise.ID, noise.New))
		default:
			return nil, fmt.Errorf("-security %q: tls and noise are known", name)
		}
	}
	opts = append(opts, transportOptions()...)
	if o.relayService {
		opts = append(opts, libp2p.EnableRelayService(o.relayResources()), libp2p.ForceReachabilityPublic())
	}
	if o.private {
		opts = append(opts, libp2p.ForceReachabilityPrivate())
	}
	if o.holePunching {
		opts = append(opts, libp2p.EnableHolePunching())
	}
	if len(o.autoRelay) > 0 {
		opts = append(opts, libp2p.EnableAutoRelayWithStaticRelays(o.autoRelay,
			autorelay.WithBootDelay(0), autorelay.WithNumRelays(1)))
	}
	if o.autoNATv2 {
		if !hasAutoNATv2 {
			return nil, fmt.Errorf("-autonat-v2: this go-libp2p has only AutoNAT v1")
		}
		opts = append(opts, autoNATv2Option())
	}
	return opts, nil
}

// relayResources keeps the library's defaults but for the limits of one circuit.
func (o options) relayResources() relay.Option {
	resources := relay.DefaultResources()
	resources.Limit = nil
	if o.circuitMaxSecs > 0 || o.circuitMaxKiB > 0 {
		resources.Limit = &relay.RelayLimit{
			Duration: time.Duration(o.circuitMaxSecs) * time.Second,
			Data:     int64(o.circuitMaxKiB) << 10,
		}
	}
	return relay.WithResources(resources)
}

func (n *node) announced(listening []ma.Multiaddr) []ma.Multiaddr {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append(append([]ma.Multiaddr{}, listening...), n.extra...)
}

func (n *node) watchConnections() {
	n.host.Network().Notify(&network.NotifyBundle{
		ConnectedF: func(_ network.Network, conn network.Conn) {
			n.out.event("peer:connect", describeConn(conn))
		},
		DisconnectedF: func(net network.Network, conn network.Conn) {
			with := describeConn(conn)
			left := len(net.ConnsToPeer(conn.RemotePeer()))
			if left == 0 {
				n.general.speaking.Delete(conn.RemotePeer())
			}
			with["left"] = left
			n.out.event("peer:disconnect", with)
		},
	})
}

// self says who and what this peer is: the ready event and a part of the status.
func (n *node) self() fields {
	return fields{
		"peerId":     n.host.ID().String(),
		"multiaddrs": n.addresses(),
		"build":      buildName,
		"goVersion":  runtime.Version(),
		"libraries":  libraryVersions(),
	}
}

func (n *node) addresses() []string {
	addrs, err := peer.AddrInfoToP2pAddrs(&peer.AddrInfo{ID: n.host.ID(), Addrs: n.host.Addrs()})
	if err != nil {
		return []string{}
	}
	return addrStrings(addrs)
}

func addrStrings(addrs []ma.Multiaddr) []string {
	texts := make([]string, 0, len(addrs))
	for _, addr := range addrs {
		texts = append(texts, addr.String())
	}
	return texts
}

func libraryVersions() fields {
	versions := fields{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	for _, dep := range info.Deps {
		switch dep.Path {
		case "github.com/libp2p/go-libp2p", "github.com/libp2p/go-libp2p-kad-dht":
			versions[dep.Path] = dep.Version
		}
	}
	return versions
}
