package recipes

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/zooctl/zooctl/ops"
)

// wait returns true when the attempt's znode is the first of the queue, and false
// if somebody has deleted it. With try it fails instead of waiting.
//
// It watches the znode before its own and no other, by a reading of its data: a
// watch for the existence of a znode that is gone already would stay at the server
// for as long as the session.
func (a *attempt) wait(ctx context.Context, try bool) (first bool, err error) {
	for {
		before, place, err := a.before(ctx)
		switch {
		case patient(ctx, err):
			continue
		case err != nil || place <= 0:
			return place == 0, err
		case try:
			return false, ErrBusy
		}
		_, _, events, err := a.c.GetW(ctx, ops.Join(a.path, before))
		switch {
		case errors.Is(err, ops.ErrNoNode), patient(ctx, err):
			continue
		case err != nil:
			return false, err
		}
		select {
		case ev := <-events:
			if ev.Err != nil {
				return false, ev.Err
			}
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// before returns how many are before the attempt in the queue, and the last of
// them; -1 if the attempt is not in the queue.
func (a *attempt) before(ctx context.Context) (name string, place int, err error) {
	names, _, err := a.c.Children(ctx, a.path)
	if errors.Is(err, ops.ErrNoNode) {
		return "", -1, nil
	}
	if err != nil {
		return "", -1, err
	}
	if names, err = a.tidy(ctx, names); err != nil {
		return "", -1, err
	}
	queue, err := contenders(a.path, names)
	if err != nil {
		return "", -1, err
	}
	place = slices.IndexFunc(queue, func(q contender) bool { return q.name == ops.Base(a.node) })
	if place > 0 {
		name = queue[place-1].name
	}
	return name, place, nil
}

// tidy deletes further znodes of this attempt: a creation that was cut off may be
// applied after it was looked for in vain. Left alone, it would be waited for by
// its own owner.
func (a *attempt) tidy(ctx context.Context, names []string) ([]string, error) {
	var rest []string
	for _, name := range names {
		if !strings.Contains(name, a.guid) || name == ops.Base(a.node) {
			rest = append(rest, name)
			continue
		}
		path := ops.Join(a.path, name)
		stat, ok, err := a.c.Exists(ctx, path)
		if err != nil {
			return nil, err
		}
		if ok && stat.EphemeralOwner != a.c.SessionID() {
			rest = append(rest, name) // somebody's copy
			continue
		}
		if err := a.c.DeleteSurely(ctx, path); err != nil {
			return nil, err
		}
	}
	return rest, nil
}
