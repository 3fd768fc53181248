// Command coffeeshop is the Coffee Shop API: accounts and authentication for other services, over REST.
package main

import (
	_ "embed"
	"os"

	"coffeeshop/bootstrap"
)

//go:embed .env.example
var example string

func main() { os.Exit(bootstrap.Main(os.Args[1:], example)) }
