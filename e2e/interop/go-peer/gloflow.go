package main

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/discovery/routing"
	"github.com/libp2p/go-libp2p/p2p/discovery/util"
	routedhost "github.com/libp2p/go-libp2p/p2p/host/routed"
)

// runGloflow does what GloFlow's peer does once it is up: advertise the rendezvous string for ever, look for others
// every findEvery, open a general stream to each new one, and never look at that peer again. At each look it asks the
// DHT for GloFlow's test key as its status page does; without -gf-validator that fails inside this process for the put.
func (n *node) runGloflow(ctx context.Context) {
	discovery := routing.NewRoutingDiscovery(n.dht)
	util.Advertise(ctx, discovery, n.options.rendezvous)
	router := routedhost.Wrap(n.host, n.dht)
	known := map[peer.ID]bool{n.host.ID(): true}
	for {
		found, err := discovery.FindPeers(ctx, n.options.rendezvous)
		if err != nil {
			panic(err)
		}
		for info := range found {
			if known[info.ID] || len(info.Addrs) == 0 {
				continue
			}
			stream, err := router.NewStream(ctx, info.ID, generalProtocol)
			if err != nil {
				n.out.event("gloflow:failed", fields{"peer": info.ID.String(), "message": err.Error()})
				continue
			}
			known[info.ID] = true
			n.general.streamsOpened.Add(1)
			n.general.attach(stream, n.options.writer == "flood")
			n.out.event("gloflow:found", fields{"peer": info.ID.String()})
		}
		_ = n.dht.PutValue(ctx, gfTestKey, []byte("key_value1"))
		_, _ = n.dht.GetValue(ctx, gfTestKey)
		select {
		case <-ctx.Done():
			return
		case <-time.After(n.options.findEvery):
		}
	}
}

const gfTestKey = "/gf/0.0.1/key_test_1"
