package consensus_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/zooctl/zooctl/localcluster/server/consensus"
)

// TestTransfer: the office goes where it is told to go, whoever is asked, and nothing
// that was applied is lost.
func TestTransfer(t *testing.T) {
	g := newGroup(t, 3, nil)
	n := 0
	for _, ask := range []int{0, 1, 2} {
		lead := g.leader()
		for _, to := range []int{(lead + 1) % 3, lead} {
			g.put(ask, fmt.Sprint(n))
			n++
			if err := g.nodes[ask].TransferLeader(t.Context(), uint64(to+1)); err != nil {
				t.Fatalf("%d asks for %d: %v", ask+1, to+1, err)
			}
			if now := g.leader(); now != to {
				t.Errorf("%d leads, not %d", now+1, to+1)
			}
		}
	}
	g.put(0, "after")
	g.same(n + 1)
}

// TestTransferToNobody: who cannot lead does not, and the leader stays.
func TestTransferToNobody(t *testing.T) {
	g := newGroup(t, 3, nil)
	lead := g.leader()
	gone, other := (lead+1)%3, (lead+2)%3
	g.stop(gone)
	for _, to := range []int{gone + 1, 7} {
		if err := g.nodes[other].TransferLeader(t.Context(), uint64(to)); !errors.Is(err, consensus.ErrTransfer) {
			t.Errorf("to %d: %v", to, err)
		}
	}
	g.put(other, "goes on")
	if st := g.nodes[lead].Status(); st.Leader != uint64(lead+1) {
		t.Errorf("%+v", st)
	}
}

// TestHandOver: a leader that is about to stop leaves another one behind, at once.
func TestHandOver(t *testing.T) {
	g := newGroup(t, 3, nil)
	lead := g.leader()
	other := (lead + 1) % 3
	g.put(other, "before")
	term := g.nodes[other].Status().Term
	g.nodes[lead].HandOver()
	if st := g.nodes[lead].Status(); st.Leader == uint64(lead+1) || st.Leader == 0 || st.Term != term+1 {
		t.Errorf("after handing over in term %d: %+v", term, st)
	}
	g.stop(lead)
	g.put(other, "after")
	g.same(2)
}
