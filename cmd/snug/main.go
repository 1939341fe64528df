// Snug makes Python runtimes that fit.
package main

import (
	"os"

	"snug/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
