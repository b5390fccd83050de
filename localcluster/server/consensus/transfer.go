package consensus

import (
	"context"
	"errors"
	"fmt"
)

// ErrTransfer means that the office did not go where it was to go.
var ErrTransfer = errors.New("leadership was not handed over")

// TransferLeader has the leader, whoever that is, hand its office to another voter, and
// waits until this node follows it. Proposals that are under way meanwhile may be lost,
// as with any new leader. It fails with [ErrTransfer] if that server cannot take it,
// which the leader finds out within 10 ticks, or with the error of ctx.
func (n *Node) TransferLeader(ctx context.Context, to uint64) error {
	m := n.members.Load()
	if p := find(m.now, to); p == nil || p.Observer {
		return fmt.Errorf("%w: server %d has no vote", ErrTransfer, to)
	}
	ctx, cancel := context.WithTimeout(ctx, n.cfg.Tick*transferTicks)
	defer cancel()
	n.order(to)
	err := n.await(ctx, func(st Status) bool { return st.Leader == to })
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: server %d did not take it in time", ErrTransfer, to)
	}
	return err
}

// transferTicks is how long a handover is waited for: the leader gives up after 10.
const transferTicks = 3 * electionTicks

// anyVoter stands for the voter that has most of the log.
const anyVoter = ^uint64(0)

// HandOver makes another voter leader, if this node is, and returns when there is one,
// or after the time that an election would begin after without it.
func (n *Node) HandOver() {
	if n.Status().Followers == 0 { // it does not lead, or nobody is there
		return
	}
	ctx, cancel := context.WithTimeout(n.ctx, n.cfg.Tick*electionTicks)
	defer cancel()
	n.order(anyVoter)
	_ = n.await(ctx, func(st Status) bool { return st.Leader != n.cfg.ID && st.Leader != 0 }) // or the others elect one
}

// order leaves a handover for the loop.
func (n *Node) order(to uint64) {
	n.mu.Lock()
	n.transfer = to
	n.mu.Unlock()
	wake(n.kick)
}

// hand starts a handover. The loop calls it.
func (n *Node) hand(to uint64) {
	if to == anyVoter {
		if to = n.successor(n.Members()); to == 0 {
			return
		}
	}
	n.rn.TransferLeader(to)
}

// await waits until the status is as wanted.
func (n *Node) await(ctx context.Context, ok func(Status) bool) error {
	for {
		n.mu.Lock()
		turn := n.turn
		n.mu.Unlock()
		if ok(*n.status.Load()) {
			return nil
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return ctx.Err()
		case <-n.ctx.Done():
			return ErrStopped
		}
	}
}

// wakeAll wakes those that wait for another status.
func (n *Node) wakeAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.turn)
	n.turn = make(chan struct{})
}
