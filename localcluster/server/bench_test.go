package server_test

import (
	"testing"

	"github.com/zooctl/zooctl/ops/wire"
	"github.com/zooctl/zooctl/ops/wire/wiretest"
)

// BenchmarkReads asks for a znode many times in one connection, 200 requests in flight:
// what is counted for each request must not show.
func BenchmarkReads(b *testing.B) {
	e := startEnsemble(b, 1, tick)
	c := wiretest.Connect(b, e.clients[0], 2000)
	c.Must(wire.OpCreate, wiretest.Create("/a", "0123456789", 0))
	const many = 200
	var frames []byte
	for i := range many {
		frames = append(frames, wire.Frame(&wire.RequestHeader{Xid: int32(i), Op: wire.OpGetData}, wiretest.Read("/a"))...)
	}
	for b.Loop() {
		go func() { _, _ = c.Conn.Write(frames) }() // ends when all is read below
		for range many {
			if _, err := c.Frame(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*many), "ns/read")
}
