package ops

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// CreateProtected makes an ephemeral sequential znode whose path, prefix with a
// number behind it, must contain guid, and which is therefore found again when the
// connection goes while it is being made: the reply may be lost and the znode be
// there. It then waits until the same session is connected, has the server catch
// up, and looks for it. Of several it keeps the lowest and deletes the rest; it
// trusts none that another session owns.
//
// The parent must exist. The number is at the end of the path that it returns.
func (c *Conn) CreateProtected(ctx context.Context, prefix, guid string, data []byte) (string, error) {
	for {
		p, err := c.Create(ctx, prefix, data, CreateOptions{Ephemeral: true, Sequential: true})
		if !errors.Is(err, ErrOutcomeUnknown) {
			return p, err
		}
		p, err = c.adopt(ctx, prefix, guid)
		if p != "" || err != nil {
			return p, err
		}
	}
}

func (c *Conn) adopt(ctx context.Context, prefix, guid string) (string, error) {
	parent := Parent(prefix)
	// A new server may answer before it knows of the creation; sync is queued
	// behind it at the leader.
	if err := c.Sync(ctx, parent); err != nil {
		return "", err
	}
	names, _, err := c.Children(ctx, parent)
	if err != nil {
		return "", err
	}
	var own []string
	for _, n := range names {
		if !strings.Contains(n, guid) {
			continue
		}
		s, ok, err := c.Exists(ctx, Join(parent, n))
		if err != nil {
			return "", err
		}
		if ok && s.EphemeralOwner == c.SessionID() {
			own = append(own, Join(parent, n))
		}
	}
	if len(own) == 0 {
		return "", nil
	}
	slices.SortFunc(own, func(a, b string) int { return strings.Compare(suffix(a), suffix(b)) })
	for _, p := range own[1:] {
		if err := c.Delete(ctx, p, Any); err != nil && !errors.Is(err, ErrNoNode) {
			return "", err
		}
	}
	return own[0], nil
}

// suffix is the number of a sequential znode.
func suffix(path string) string { return path[max(len(path)-10, 0):] }

// DeleteSurely deletes an ephemeral znode of this session, again after every loss
// of the connection, until it is known to be gone or the session is over, which
// comes to the same.
func (c *Conn) DeleteSurely(ctx context.Context, path string) error {
	for {
		err := c.Delete(ctx, path, Any)
		switch {
		case err == nil, errors.Is(err, ErrNoNode), errors.Is(err, ErrSessionExpired):
			return nil
		case errors.Is(err, ErrOutcomeUnknown), errors.Is(err, ErrConnLost):
		default:
			return err
		}
		t := time.NewTimer(firstPause)
		select {
		case <-t.C:
		case <-c.lost:
			t.Stop()
			return nil
		case <-ctx.Done():
			t.Stop()
			return err
		}
	}
}
