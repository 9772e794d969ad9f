package main

import (
	"encoding/binary"
	"net/netip"
)

const (
	protocolTCP   = 6
	protocolUDP   = 17
	ipv4MinHeader = 20
	tcpMinHeader  = 20
	udpHeader     = 8
)

// Packet is a view into an IPv4 packet that carries UDP or TCP.
type Packet struct {
	bytes     []byte
	transport []byte
	Protocol  uint8
	Source    netip.AddrPort
	Dest      netip.AddrPort
}

// parsePacket reads a whole, unfragmented IPv4 packet with UDP or TCP. ok is false for everything else.
func parsePacket(bytes []byte) (packet Packet, ok bool) {
	if len(bytes) < ipv4MinHeader || bytes[0]>>4 != 4 {
		return packet, false
	}
	header := int(bytes[0]&0xf) * 4
	total := int(binary.BigEndian.Uint16(bytes[2:]))
	fragment := binary.BigEndian.Uint16(bytes[6:]) & 0x3fff // more-fragments flag and offset
	if header < ipv4MinHeader || total > len(bytes) || total < header || fragment != 0 {
		return packet, false
	}
	transport := bytes[header:total]
	switch {
	case bytes[9] == protocolTCP && len(transport) >= tcpMinHeader:
	case bytes[9] == protocolUDP && len(transport) >= udpHeader:
	default:
		return packet, false
	}
	return Packet{
		bytes:     bytes[:total],
		transport: transport,
		Protocol:  bytes[9],
		Source:    netip.AddrPortFrom(netip.AddrFrom4([4]byte(bytes[12:16])), binary.BigEndian.Uint16(transport[0:])),
		Dest:      netip.AddrPortFrom(netip.AddrFrom4([4]byte(bytes[16:20])), binary.BigEndian.Uint16(transport[2:])),
	}, true
}

// SetSource rewrites where the packet comes from, checksums included.
func (p *Packet) SetSource(to netip.AddrPort) { p.rewrite(12, 0, to); p.Source = to }

// SetDest rewrites where the packet goes, checksums included.
func (p *Packet) SetDest(to netip.AddrPort) { p.rewrite(16, 2, to); p.Dest = to }

func (p *Packet) rewrite(addressAt, portAt int, to netip.AddrPort) {
	address := to.Addr().As4()
	var port [2]byte
	binary.BigEndian.PutUint16(port[:], to.Port())
	oldAddress := [4]byte(p.bytes[addressAt : addressAt+4])
	oldPort := [2]byte(p.transport[portAt : portAt+2])
	copy(p.bytes[addressAt:], address[:])
	copy(p.transport[portAt:], port[:])
	adjust(p.bytes[10:12], oldAddress[:], address[:])

	checksum := p.transport[16:18] // TCP
	if p.Protocol == protocolUDP {
		checksum = p.transport[6:8]
		if checksum[0] == 0 && checksum[1] == 0 { // the sender made none
			return
		}
	}
	adjust(checksum, oldAddress[:], address[:])
	adjust(checksum, oldPort[:], port[:])
	if p.Protocol == protocolUDP && checksum[0] == 0 && checksum[1] == 0 {
		checksum[0], checksum[1] = 0xff, 0xff
	}
}

// adjust updates an internet checksum for a changed field (RFC 1624, equation 3).
func adjust(checksum, before, after []byte) {
	sum := uint32(^binary.BigEndian.Uint16(checksum))
	for i := 0; i < len(before); i += 2 {
		sum += uint32(^binary.BigEndian.Uint16(before[i:]))
		sum += uint32(binary.BigEndian.Uint16(after[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(checksum, ^uint16(sum))
}
