// Command nat is the network laboratory's gateway: a NAT (RFC 4787, RFC 5382) or plain router in user space, on a TUN device.
// The kernel routes what the laboratory wants translated into the device; what comes out of it is routed on by the kernel.
// It translates IPv4 UDP and TCP. ICMP is not translated; IPv6 passes unchanged.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "nat:", err)
		os.Exit(1)
	}
}

func run() error {
	device := flag.String("device", "tun0", "name of the TUN device to make")
	external := flag.String("external", "", "the public IPv4 address (mapping none: not used)")
	inside := flag.String("inside", "", "the private IPv4 prefix behind this gateway")
	mapping := flag.String("mapping", "endpoint-independent", "none | endpoint-independent | address-dependent | address-and-port-dependent")
	filtering := flag.String("filtering", "endpoint-independent", "endpoint-independent | address-dependent | address-and-port-dependent")
	hairpin := flag.Bool("hairpin", false, "let inside hosts reach each other by their external endpoints")
	preserve := flag.Bool("preserve-ports", false, "give an inside port the same external port where it is free")
	udpIdle := flag.Duration("udp-idle", 30*time.Second, "silence from inside after which a UDP mapping is forgotten")
	tcpIdle := flag.Duration("tcp-idle", 60*time.Second, "silence after which a TCP mapping is forgotten")
	delay := flag.Duration("delay", 0, "delay of each packet, in each direction")
	stay := flag.Bool("stay", false, "keep running when standard input ends")
	flag.Parse()

	config := Config{Hairpin: *hairpin, PreservePorts: *preserve, UDPIdle: *udpIdle, TCPIdle: *tcpIdle}
	var err error
	if config.Mapping, err = parseBehaviour(*mapping); err != nil {
		return err
	}
	if config.Filtering, err = parseBehaviour(*filtering); err != nil {
		return err
	}
	if config.Mapping != None {
		if config.External, err = netip.ParseAddr(*external); err != nil {
			return fmt.Errorf("-external: %w", err)
		}
		if config.Inside, err = netip.ParsePrefix(*inside); err != nil {
			return fmt.Errorf("-inside: %w", err)
		}
	}

	tun, err := openTun(*device)
	if err != nil {
		return err
	}
	if !*stay {
		go exitWhenOrphaned()
	}
	go exitOnSignal()
	ready, _ := json.Marshal(map[string]string{"event": "ready", "device": *device})
	fmt.Println(string(ready))
	return forward(tun, NewNat(config), *delay)
}

// exitWhenOrphaned ends the process once the laboratory that started it is gone and its end of the pipe with it.
func exitWhenOrphaned() {
	buffer := make([]byte, 64)
	for {
		if _, err := os.Stdin.Read(buffer); err != nil {
			os.Exit(0)
		}
	}
}

// exitOnSignal ends cleanly on SIGTERM and SIGINT.
func exitOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	<-signals
	os.Exit(0)
}
