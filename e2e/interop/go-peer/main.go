// Command go-peer is a go-libp2p peer for interop tests, built twice from these sources: with the build tag `legacy`
// on the libraries that GloFlow pins (libp2p TLS over TCP only), without it on current ones.
//
// It answers JSON lines on standard input with JSON lines on standard output, in the shape of `gloflow-peer`:
// {"id","cmd",…} gives {"id","ok":true,…} or {"id","ok":false,"code","message"}; events have "event". Logs and a
// panic's trace go to standard error.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	options, err := parseOptions(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-peer:", err)
		os.Exit(64)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()

	out := newWire(os.Stdout)
	node, err := startNode(ctx, options, out)
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-peer:", err)
		os.Exit(70)
	}
	out.event("ready", node.self())
	if options.gloflow {
		go node.runGloflow(ctx)
	}
	node.serve(ctx, os.Stdin)
	if err := node.host.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "go-peer: close:", err)
	}
}
