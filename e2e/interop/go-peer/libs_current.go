//go:build !legacy

package main

import (
	"context"

	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
)

// What differs between the two generations of libraries is in this file and in libs_legacy.go, and nowhere else.

const (
	buildName       = "current"
	defaultSecurity = "tls,noise"
	hasAutoNATv2    = true
)

// transportOptions names the defaults (TCP, WebSocket, WebRTC Direct, QUIC, WebTransport) by their variable and imports
// none of them: `go mod tidy` reads every file whatever its tags, and the legacy module lacks some of the packages.
func transportOptions() []libp2p.Option { return []libp2p.Option{libp2p.DefaultTransports} }

func autoNATv2Option() libp2p.Option { return libp2p.EnableAutoNATv2() }

func newDHT(_ context.Context, h host.Host, opts ...dht.Option) (*dht.IpfsDHT, error) {
	return dht.New(h, opts...)
}

func allowLimited(ctx context.Context) context.Context {
	return network.WithAllowLimitedConn(ctx, "interop test")
}

func isLimited(conn network.Conn) bool { return conn.Stat().Limited }
