package main

import (
	"fmt"
	"math/rand"
	"net/netip"
	"time"
)

// Behaviour is RFC 4787's grade of dependence on the remote endpoint, for mapping (4.1) and for filtering (5).
type Behaviour int

const (
	None Behaviour = iota
	EndpointIndependent
	AddressDependent
	AddressAndPortDependent
)

func parseBehaviour(name string) (Behaviour, error) {
	switch name {
	case "none":
		return None, nil
	case "endpoint-independent":
		return EndpointIndependent, nil
	case "address-dependent":
		return AddressDependent, nil
	case "address-and-port-dependent":
		return AddressAndPortDependent, nil
	}
	return None, fmt.Errorf("unknown behaviour %q", name)
}

// scope is the part of a remote endpoint that a mapping or a filter rule looks at.
func (b Behaviour) scope(remote netip.AddrPort) netip.AddrPort {
	switch b {
	case AddressDependent:
		return netip.AddrPortFrom(remote.Addr(), 0)
	case AddressAndPortDependent:
		return remote
	}
	return netip.AddrPort{}
}

// Config says how a Nat behaves.
type Config struct {
	Mapping, Filtering Behaviour
	Hairpin            bool
	PreservePorts      bool
	UDPIdle, TCPIdle   time.Duration
	External           netip.Addr
	Inside             netip.Prefix
}

const (
	firstPort     = 1024
	lastPort      = 65535
	maxMappings   = 20000 // of both protocols together; a packet that needs one more is dropped
	maxKeys       = 1024  // remotes of one mapping that came in by themselves
	sweepInterval = time.Second
)

// mapping ties an inside endpoint (and, where mapping depends on it, a remote one) to an external port.
type mapping struct {
	protocol uint8
	inside   netip.AddrPort
	keys     []mappingKey // under which the inside finds it: more than one where remotes that it never wrote to came in
	port     uint16
	lastSeen time.Time
	allowed  map[netip.AddrPort]time.Time // filter scope of remotes that the inside wrote to, and when it did last
}

type mappingKey struct {
	protocol uint8
	inside   netip.AddrPort
	scope    netip.AddrPort
}

type portKey struct {
	protocol uint8
	port     uint16
}

// Nat translates packets. It is used by one goroutine only.
type Nat struct {
	config    Config
	byInside  map[mappingKey]*mapping
	byPort    map[portKey]*mapping
	lastSweep time.Time
}

func NewNat(config Config) *Nat {
	return &Nat{config: config, byInside: map[mappingKey]*mapping{}, byPort: map[portKey]*mapping{}}
}

// Translate returns the packet as it leaves the gateway (in the same memory), or nil where it is dropped.
func (n *Nat) Translate(bytes []byte, now time.Time) []byte {
	if n.config.Mapping == None {
		return bytes
	}
	if len(bytes) > 0 && bytes[0]>>4 == 6 {
		return bytes
	}
	n.sweep(now)
	packet, ok := parsePacket(bytes)
	if !ok {
		return nil
	}
	fromInside := n.config.Inside.Contains(packet.Source.Addr())
	toExternal := packet.Dest.Addr() == n.config.External
	if fromInside && toExternal && !n.config.Hairpin {
		return nil
	}
	if fromInside && !n.outbound(&packet, now) {
		return nil
	}
	if toExternal && !n.inbound(&packet, now) {
		return nil
	}
	if !fromInside && !toExternal {
		return nil
	}
	return packet.bytes
}

func (n *Nat) outbound(packet *Packet, now time.Time) bool {
	key := mappingKey{packet.Protocol, packet.Source, n.config.Mapping.scope(packet.Dest)}
	m := n.byInside[key]
	if m != nil && n.expired(m, now) {
		n.remove(m)
		m = nil
	}
	if m == nil {
		port, ok := n.freePort(packet.Protocol, packet.Source.Port())
		if !ok {
			return false
		}
		m = &mapping{protocol: packet.Protocol, inside: packet.Source, port: port, allowed: map[netip.AddrPort]time.Time{}}
		n.bind(key, m)
		n.byPort[portKey{packet.Protocol, port}] = m
	}
	m.lastSeen = now
	m.allowed[n.config.Filtering.scope(packet.Dest)] = now
	packet.SetSource(netip.AddrPortFrom(n.config.External, m.port))
	return true
}

func (n *Nat) inbound(packet *Packet, now time.Time) bool {
	m := n.byPort[portKey{packet.Protocol, packet.Dest.Port()}]
	if m == nil {
		return false
	}
	if n.expired(m, now) {
		n.remove(m)
		return false
	}
	scope := n.config.Filtering.scope(packet.Source)
	wrote, ok := m.allowed[scope]
	if !ok || now.Sub(wrote) > n.idle(packet.Protocol) {
		return false
	}
	if packet.Protocol == protocolTCP { // RFC 5382: either direction keeps a connection; for UDP only the inside does (RFC 4787, REQ-6)
		m.lastSeen, m.allowed[scope] = now, now
	}
	// The answer to this remote has to leave by the port that it came in at, whatever the mapping of new remotes depends on.
	if key := (mappingKey{m.protocol, m.inside, n.config.Mapping.scope(packet.Source)}); n.byInside[key] == nil && len(m.keys) < maxKeys {
		n.bind(key, m)
	}
	packet.SetDest(m.inside)
	return true
}

func (n *Nat) bind(key mappingKey, m *mapping) {
	n.byInside[key] = m
	m.keys = append(m.keys, key)
}

func (n *Nat) idle(protocol uint8) time.Duration {
	if protocol == protocolTCP {
		return n.config.TCPIdle
	}
	return n.config.UDPIdle
}

func (n *Nat) expired(m *mapping, now time.Time) bool {
	return now.Sub(m.lastSeen) > n.idle(m.protocol)
}

func (n *Nat) remove(m *mapping) {
	for _, key := range m.keys {
		delete(n.byInside, key)
	}
	delete(n.byPort, portKey{m.protocol, m.port})
}

// sweep forgets what is over, at most once a second.
func (n *Nat) sweep(now time.Time) {
	if now.Sub(n.lastSweep) < sweepInterval {
		return
	}
	n.lastSweep = now
	for _, m := range n.byPort {
		if n.expired(m, now) {
			n.remove(m)
			continue
		}
		for scope, wrote := range m.allowed {
			if now.Sub(wrote) > n.idle(m.protocol) {
				delete(m.allowed, scope)
			}
		}
	}
}

// freePort picks an external port: random, so that nothing in a test can guess it, unless ports are to be preserved.
func (n *Nat) freePort(protocol uint8, wanted uint16) (uint16, bool) {
	if len(n.byPort) >= maxMappings {
		return 0, false
	}
	if n.config.PreservePorts && wanted >= firstPort && n.byPort[portKey{protocol, wanted}] == nil {
		return wanted, true
	}
	for {
		port := uint16(firstPort + rand.Intn(lastPort-firstPort+1))
		if n.byPort[portKey{protocol, port}] == nil {
			return port, true
		}
	}
}
