package localcluster

import (
	"testing"
	"time"
)

// TestEndWhileEnding: a supervisor that was told to remove its cluster, and finds its
// directory gone before it has answered, ends all the same. It once waited for ever for
// a turn that nobody gave back.
func TestEndWhileEnding(t *testing.T) {
	dir := t.TempDir()
	lock, err := hold(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := &supervisor{turn: make(chan struct{}, 1), ended: make(chan struct{}), lock: lock}
	s.Dir = dir
	if err := s.end(true); err != nil { // what 'down' does
		t.Fatal(err)
	}
	if holds(s.lock, s.Dir) {
		t.Fatal("the lock is still there")
	}
	done := make(chan error, 1)
	go func() { done <- s.end(false) }() // what the look at the lock does; waited for below
	close(s.ended)                       // 'down' has answered
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the supervisor never ends")
	}
}
