package ops_test

import (
	"bytes"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/clustertest"
	"github.com/zooctl/zooctl/ops"
)

// TestCloseEndsLibrary closes sessions and waits until the library beneath has ended
// all that it started: a goroutine that goes on asking for connections costs a
// processor's time for as long as the program runs.
func TestCloseEndsLibrary(t *testing.T) {
	servers, _, err := ops.ParseServers(clustertest.Start(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		c, err := ops.Dial(t.Context(), ops.Config{Servers: servers})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var stacks bytes.Buffer
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		stacks.Reset()
		if err := pprof.Lookup("goroutine").WriteTo(&stacks, 1); err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(stacks.Bytes(), []byte("zk.(*Conn).loop")) {
			return
		}
	}
	t.Errorf("the library goes on:\n%s", stacks.Bytes())
}
