//go:build !unix

package server

import "net"

// tryWriter returns nil: writing without blocking cannot be had here, and the
// outbox leaves every reply to its goroutine.
func tryWriter(net.Conn) func([]byte) (int, error) { return nil }
