package main

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// options is the command line, decoded.
type options struct {
	listen         []ma.Multiaddr
	announce       []ma.Multiaddr
	bootstrap      []peer.AddrInfo
	autoRelay      []peer.AddrInfo
	keyType        string
	seed           string
	security       []string
	dhtMode        string
	gfValidator    bool
	rendezvous     string
	gloflow        bool
	reader         string
	writer         string
	relayService   bool
	circuitMaxSecs int
	circuitMaxKiB  int
	holePunching   bool
	autoNATv2      bool
	private        bool
	findEvery      time.Duration
}

type repeated []string

func (r *repeated) String() string         { return strings.Join(*r, ",") }
func (r *repeated) Set(value string) error { *r = append(*r, value); return nil }

func parseOptions(args []string) (options, error) {
	var o options
	var listen, announce, bootstrap, autoRelay repeated
	var security string
	f := flag.NewFlagSet("go-peer", flag.ContinueOnError)
	f.Var(&listen, "listen", "multiaddr to listen on (repeats; none = do not listen)")
	f.Var(&announce, "announce", "multiaddr to announce besides those listened on (repeats)")
	f.Var(&bootstrap, "bootstrap", "peer to connect to at the start, with /p2p/ID (repeats)")
	f.Var(&autoRelay, "auto-relay", "static relay for AutoRelay, with /p2p/ID (repeats)")
	f.StringVar(&o.keyType, "key-type", "ed25519", "ed25519, secp256k1, ecdsa or rsa")
	f.StringVar(&o.seed, "seed", "", "32 bytes in hex: the Ed25519 key's seed (default: a fresh key)")
	f.StringVar(&security, "security", defaultSecurity, "secure channels in order of preference")
	f.StringVar(&o.dhtMode, "dht", "off", "server, client or off")
	f.BoolVar(&o.gfValidator, "gf-validator", false, "accept DHT values below /gf/ (GloFlow's own peer has no validator for them)")
	f.StringVar(&o.rendezvous, "rendezvous", "gloflow_testnet", "rendezvous string")
	f.BoolVar(&o.gloflow, "gloflow", false, "behave as GloFlow's peer: DHT server, advertise, find, open streams, panic and flood")
	f.StringVar(&o.reader, "reader", "", "on general streams: tolerant, panic (as GloFlow) or off; default tolerant")
	f.StringVar(&o.writer, "writer", "", "on general streams: lines or flood (as GloFlow); default lines")
	f.BoolVar(&o.relayService, "relay-service", false, "offer circuits to others")
	f.IntVar(&o.circuitMaxSecs, "circuit-max-seconds", 0, "with -relay-service: limit of a circuit (0 = none)")
	f.IntVar(&o.circuitMaxKiB, "circuit-max-kib", 0, "with -relay-service: limit of a circuit (0 = none)")
	f.BoolVar(&o.holePunching, "hole-punching", false, "DCUtR")
	f.BoolVar(&o.autoNATv2, "autonat-v2", false, "AutoNAT v2 (current build)")
	f.BoolVar(&o.private, "private", false, "take reachability as private without asking")
	f.DurationVar(&o.findEvery, "find-every", 10*time.Second, "with -gloflow: how often to look for peers")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.security = strings.Split(security, ",")

	var err error
	if o.listen, err = parseAddrs(listen); err != nil {
		return o, err
	}
	if o.announce, err = parseAddrs(announce); err != nil {
		return o, err
	}
	if o.bootstrap, err = parsePeers(bootstrap); err != nil {
		return o, err
	}
	if o.autoRelay, err = parsePeers(autoRelay); err != nil {
		return o, err
	}
	return o, o.resolve()
}

// resolve fills in what -gloflow implies and checks the words.
func (o *options) resolve() error {
	if o.gloflow {
		if o.seed != "" || o.keyType != "ed25519" {
			return errors.New("-gloflow makes a fresh Ed25519 key at every start: leave out -seed and -key-type")
		}
		o.dhtMode = "server"
		o.security = []string{"tls"}
		o.reader = orElse(o.reader, "panic")
		o.writer = orElse(o.writer, "flood")
	}
	o.reader = orElse(o.reader, "tolerant")
	o.writer = orElse(o.writer, "lines")
	for _, check := range []struct{ flag, value, allowed string }{
		{"dht", o.dhtMode, "server client off"},
		{"reader", o.reader, "tolerant panic off"},
		{"writer", o.writer, "lines flood"},
		{"key-type", o.keyType, "ed25519 secp256k1 ecdsa rsa"},
	} {
		if !contains(strings.Fields(check.allowed), check.value) {
			return fmt.Errorf("-%s %q: choose one of: %s", check.flag, check.value, check.allowed)
		}
	}
	return nil
}

func orElse(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

func contains(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}

func parseAddrs(values []string) ([]ma.Multiaddr, error) {
	addrs := make([]ma.Multiaddr, 0, len(values))
	for _, value := range values {
		addr, err := ma.NewMultiaddr(value)
		if err != nil {
			return nil, fmt.Errorf("%q is no multiaddr: %w", value, err)
		}
		addrs = append(addrs, addr)
	}
	return addrs, nil
}

func parsePeers(values []string) ([]peer.AddrInfo, error) {
	peers := make([]peer.AddrInfo, 0, len(values))
	for _, value := range values {
		info, err := peer.AddrInfoFromString(value)
		if err != nil {
			return nil, fmt.Errorf("%q is no peer address: %w", value, err)
		}
		peers = append(peers, *info)
	}
	return peers, nil
}
