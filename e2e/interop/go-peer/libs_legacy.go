//go:build legacy

package main

import (
	"context"

	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

// What differs between the two generations of libraries is in this file and in libs_current.go, and nowhere else.

const (
	buildName       = "legacy"
	defaultSecurity = "tls"
	hasAutoNATv2    = false
)

func transportOptions() []libp2p.Option {
	return []libp2p.Option{libp2p.Transport(tcp.NewTCPTransport)}
}

func autoNATv2Option() libp2p.Option { return nil }

func newDHT(ctx context.Context, h host.Host, opts ...dht.Option) (*dht.IpfsDHT, error) {
	return dht.New(ctx, h, opts...)
}

func allowLimited(ctx context.Context) context.Context {
	return network.WithUseTransient(ctx, "interop test")
}

// isLimited is false for circuits here: this version's metrics wrapper hides the mark.
func isLimited(conn network.Conn) bool { return conn.Stat().Transient }
