// Command small is the smallest program that gets a znode with go-zookeeper: it
// connects, gets and prints. It is what 'zooctl get' is measured against, and does
// none of what that does for its user.
package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: small HOST:PORT,… PATH")
		os.Exit(64)
	}
	c, _, err := zk.Connect(strings.Split(os.Args[1], ","), 10*time.Second, zk.WithLogInfo(false))
	if err == nil {
		var data []byte
		if data, _, err = c.Get(os.Args[2]); err == nil {
			_, err = os.Stdout.Write(data)
		}
		c.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "small:", err)
		os.Exit(1)
	}
}
