package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/clustertest"
)

// TestAttacks lets every kind of bad connection loose on a real server, which must serve
// an orderly client meanwhile.
func TestAttacks(t *testing.T) {
	server := clustertest.Start(t, 1)
	c, err := connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := errors.Join(create(c, "/hostile", nil), create(c, "/hostile/big", make([]byte, bigValue)), create(c, "/calm", nil)); err != nil {
		t.Fatal(err)
	}
	for _, a := range attacks(1)[1:] {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { // waited for below
			defer close(ended)
			r := &raw{addr: server}
			_ = a.run(ctx, r) // that it fails is what it is for
			r.hangUp()
		}()
		for range 50 {
			if _, err := c.Set("/calm", nil, -1); err != nil {
				t.Fatalf("%s: %v", a.what, err)
			}
		}
		stop()
		<-ended
	}
}

func TestHostileTable(t *testing.T) {
	var r results
	f := &figures{title: "E"}
	f.add("wait | random bytes", seconds, 0.001, 2*time.Millisecond, 30*time.Millisecond)
	f.add("memory | random bytes", memoryUse, 5<<20)
	r.add(embedded, f)
	if text := r.hostileTable([]string{embedded}); !strings.Contains(text, "| random bytes | 1.00 ms, 2.00 ms, 30.0 ms | 5 MiB |") {
		t.Error(text)
	}
}
