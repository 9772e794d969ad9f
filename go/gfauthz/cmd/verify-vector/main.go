// Command verify-vector reads one case of vectors/ as JSON on standard input and prints its verdict: {"ok": …} or
// {"code": …}. With -all it reads any number of cases and prints a verdict a line.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"gloflow.org/peers/go/gfauthz/internal/vector"
)

func main() {
	all := flag.Bool("all", false, "read cases until the end of standard input, one JSON object after the other")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *all); err != nil {
		fmt.Fprintln(os.Stderr, "verify-vector:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, all bool) error {
	cases, verdicts := json.NewDecoder(in), json.NewEncoder(out)
	verdicts.SetEscapeHTML(false)
	for {
		var c vector.Case
		if err := cases.Decode(&c); err != nil {
			if all && errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("not a case: %w", err)
		}
		verdict, err := vector.Judge(c)
		if err != nil {
			return err
		}
		if err := verdicts.Encode(verdict); err != nil {
			return err
		}
		if !all {
			return nil
		}
	}
}
