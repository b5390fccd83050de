// Command zooctl works with Apache ZooKeeper: znodes, locks and local
// ensembles from the command line, from a shell of its own and from bash.
package main

import (
	"os"

	"github.com/zooctl/zooctl/cmd"
)

func main() { os.Exit(cmd.Main(os.Args[1:])) }
