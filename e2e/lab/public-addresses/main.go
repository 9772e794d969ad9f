// Command public-addresses says for each multiaddr in its arguments whether go-libp2p takes it for public.
package main

import (
	"fmt"
	"os"

	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

func main() {
	for _, text := range os.Args[1:] {
		address, err := multiaddr.NewMultiaddr(text)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(text, manet.IsPublicAddr(address))
	}
}
