package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"flag"
	"log"
	"net/http"
	"os"
	"time"

	"gloflow.org/peers/go/gfauthz"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8087", "address to listen on")
	flow := flag.String("flow", "", "id of the flow, hex")
	checkpoint := flag.String("checkpoint", "", "file with its newest checkpoint")
	signer := flag.String("signer", "", "file with the bundle of the checkpoint's signer")
	maxAge := flag.Duration("max-age", 24*time.Hour, "greatest age of a checkpoint")
	flag.Parse()

	public, _, err := ed25519.GenerateKey(rand.Reader)
	exitOn(err)
	did, err := gfauthz.DIDOfKey(public)
	exitOn(err)
	p := newPolicy(*maxAge, time.Now)
	news, err := os.ReadFile(*checkpoint)
	exitOn(err)
	chain, err := os.ReadFile(*signer)
	exitOn(err)
	exitOn(p.Accept(*flow, news, chain))

	log.Printf("%s listens on http://%s", did, *listen)
	exitOn((&http.Server{
		Addr: *listen, Handler: newServer(p, did, time.Now).handler(),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, MaxHeaderBytes: maxHeaderBytes,
	}).ListenAndServe())
}

func exitOn(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
