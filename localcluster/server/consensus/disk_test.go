package consensus_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
)

// badDisk is one whose next sync fails once it is told so. All after that would succeed,
// as those of a kernel do that has dropped the pages it could not write.
type badDisk struct {
	mu            sync.Mutex
	bad, failed   bool
	after, synced int // calls after the one that failed, and all
}

var errDisk = errors.New("input/output error")

func (d *badDisk) sync(f *os.File) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.synced++
	if d.failed {
		d.after++
	}
	if d.bad && !d.failed {
		d.failed = true
		return errDisk
	}
	return f.Sync()
}

func (d *badDisk) spoil() {
	d.mu.Lock()
	d.bad = true
	d.mu.Unlock()
}

// TestSyncFails: a node that could not put something on disk stops, says why, and never
// tries again: what the disk has is not known any more. What it had acknowledged
// before is there, and what it could not write was never acknowledged.
func TestSyncFails(t *testing.T) {
	d := &badDisk{}
	g := newGroup(t, 1, func(c *consensus.Config) { c.SetSync(d.sync) })
	g.leader()
	for k := range 10 {
		g.put(0, fmt.Sprint(k))
	}
	d.spoil()
	for range 3 {
		_ = g.nodes[0].Propose([]byte("lost")) // refused once the node has stopped
	}
	select {
	case <-g.nodes[0].Failed():
	case <-time.After(patience):
		t.Fatal("the node goes on")
	}
	if err := g.nodes[0].Err(); !errors.Is(err, errDisk) || !strings.Contains(err.Error(), g.dirs[0]) {
		t.Errorf("it stopped for %v", err)
	}
	if err := g.nodes[0].Propose([]byte("late")); !errors.Is(err, consensus.ErrStopped) {
		t.Errorf("a proposal afterwards: %v", err)
	}
	if have := g.lists[0].have(); slices.Contains(have, "lost") {
		t.Error("what is not on disk was applied")
	}
	g.stop(0)
	if d.after > 0 {
		t.Errorf("the log was synced %d times after the failure", d.after)
	}
	g.tune = nil
	g.restart(0)
	g.leader()
	if have := g.lists[0].have(); len(have) < 10 || have[9] != "9" {
		t.Errorf("after the restart: %q", have)
	}
	g.put(0, "after")
}

// TestSyncFailsOnOne: the others go on without the leader whose disk failed, and nothing
// that was applied anywhere is lost.
func TestSyncFailsOnOne(t *testing.T) {
	disks := []*badDisk{{}, {}, {}}
	g := newGroup(t, 3, func(c *consensus.Config) { c.SetSync(disks[c.ID-1].sync) })
	for round := range 3 {
		lead := g.leader()
		other := (lead + 1) % 3
		g.put(other, fmt.Sprint("before ", round))
		disks[lead].spoil()
		_ = g.nodes[lead].Propose([]byte("in between"))
		g.wait("the node to stop", func() bool { return g.nodes[lead].Err() != nil })
		had := g.lists[lead].have()
		g.stop(lead)
		g.put(g.leaderOf(other, (lead+2)%3), fmt.Sprint("after ", round))
		now := g.lists[other].have()
		for _, s := range had {
			if !slices.Contains(now, s) {
				t.Errorf("%q was applied and is gone", s)
			}
		}
		disks[lead] = &badDisk{}
		g.restart(lead)
		g.leader()
	}
}
