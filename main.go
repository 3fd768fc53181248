// Command coffeeshop is the Coffee Shop API: accounts and authentication for other services, over REST.
package main

import (
	"os"

	"coffeeshop/bootstrap"
)

func main() { os.Exit(bootstrap.Main(os.Args[1:])) }
