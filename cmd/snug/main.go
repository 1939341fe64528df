// Snug makes Python runtimes that fit.
package main

import (
	"os"

	"snug/internal/cli"
	"snug/internal/sandbox"
)

func main() {
	sandbox.Serve()
	os.Exit(cli.Main(os.Args[1:]))
}
