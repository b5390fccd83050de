package ops

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/zooctl/zooctl/ops/wire"
)

// Entry is one znode of a listing.
type Entry struct {
	Path     string   `json:"path" yaml:"path"`
	Name     string   `json:"name" yaml:"name"`
	Stat     *Stat    `json:"stat,omitempty" yaml:"stat,omitempty"` // only where it was asked for
	Children []*Entry `json:"-" yaml:"-"`                           // only in a tree
}

// readsInFlight is the number of requests of a walk that are under way at once.
// More gain nothing: the servers are busy then.
const readsInFlight = 64

// WalkOptions selects what a walk visits and what it brings.
type WalkOptions struct {
	Stat  bool // the Stat of every znode
	Depth int  // levels below the root; 0 is all
}

// Walk reads the subtree at root, level by level. Names are in order, and a znode
// that is deleted meanwhile is left out, but root must be there.
func (c *Conn) Walk(ctx context.Context, root string, opts WalkOptions) (*Entry, error) {
	top := &Entry{Path: root, Name: Base(root)}
	level := []*Entry{top}
	for depth := 0; len(level) > 0; depth++ {
		last := opts.Depth > 0 && depth >= opts.Depth
		gone, err := c.readLevel(ctx, level, opts.Stat, last)
		switch {
		case err != nil:
			return nil, err
		case gone[top]:
			return nil, fail("ls", root, ErrNoNode)
		}
		var next []*Entry
		for _, e := range level {
			next = append(next, e.Children...)
		}
		if depth > 0 {
			for _, e := range top.at(depth - 1) {
				e.Children = slices.DeleteFunc(e.Children, func(c *Entry) bool { return gone[c] })
			}
		}
		level = next
	}
	return top, nil
}

// at returns the entries that many levels below e.
func (e *Entry) at(depth int) []*Entry {
	level := []*Entry{e}
	for range depth {
		var next []*Entry
		for _, e := range level {
			next = append(next, e.Children...)
		}
		level = next
	}
	return level
}

// readLevel reads the children of entries, many at once. It returns those that are
// gone.
func (c *Conn) readLevel(ctx context.Context, level []*Entry, stats, last bool) (map[*Entry]bool, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		next int
	)
	gone := make(map[*Entry]bool)
	for range min(readsInFlight, len(level)) {
		wg.Go(func() { // ends when the level is read
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= len(level) || ctx.Err() != nil {
					return
				}
				names, stat, err := c.Children(ctx, level[i].Path)
				if errors.Is(err, ErrNoNode) {
					mu.Lock()
					gone[level[i]] = true
					mu.Unlock()
					continue
				}
				if err != nil {
					cancel(err) // the first one stays
					return
				}
				level[i].fill(names, stat, stats, last)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return gone, nil
}

func (e *Entry) fill(names []string, stat Stat, stats, last bool) {
	if stats {
		e.Stat = &stat
	}
	if last {
		return
	}
	slices.Sort(names)
	for _, n := range names {
		e.Children = append(e.Children, &Entry{Path: Join(e.Path, n), Name: n})
	}
}

// Flat returns the entries below e, parents before children.
func (e *Entry) Flat() []Entry {
	var all []Entry
	for _, c := range e.Children {
		all = append(all, *c)
		all = append(all, c.Flat()...)
	}
	return all
}

// ListOptions selects what List visits.
type ListOptions struct {
	Recursive bool // the whole subtree, parents before children
	Long      bool // with the Stat of each
}

// List returns the children of the znodes at paths, in name order.
func (c *Conn) List(ctx context.Context, paths []string, opts ListOptions) ([]Entry, error) {
	var all []Entry
	for _, p := range paths {
		if !opts.Recursive && !opts.Long {
			names, _, err := c.Children(ctx, p)
			if err != nil {
				return nil, err
			}
			slices.Sort(names)
			for _, n := range names {
				all = append(all, Entry{Path: Join(p, n), Name: n})
			}
			continue
		}
		o := WalkOptions{Stat: opts.Long}
		if !opts.Recursive {
			o.Depth = 1
		}
		top, err := c.Walk(ctx, p, o)
		if err != nil {
			return nil, err
		}
		all = append(all, top.Flat()...)
	}
	return all, nil
}

// RemoveOptions says what Remove may remove.
type RemoveOptions struct {
	Recursive      bool
	NoPreserveRoot bool // also / and /zookeeper, as far as the servers allow
	Version        int32
}

// removeTries bounds how often a subtree is read again because znodes were created
// in it meanwhile.
const removeTries = 5

// Remove deletes a znode, with all below it if so asked. It returns the number of
// znodes that are gone.
func (c *Conn) Remove(ctx context.Context, path string, opts RemoveOptions) (int, error) {
	if full := under(c.cfg.Chroot, path); !opts.NoPreserveRoot && (full == "/" || full == "/zookeeper") {
		return 0, fail("rm", path, ErrPreserved)
	}
	if !opts.Recursive {
		if err := c.Delete(ctx, path, opts.Version); err != nil {
			return 0, err
		}
		return 1, nil
	}
	removed := 0
	for try := 1; ; try++ {
		top, err := c.Walk(ctx, path, WalkOptions{})
		if try > 1 && errors.Is(err, ErrNoNode) {
			return removed, nil
		}
		if err != nil {
			if bad, ok := errors.AsType[*Error](err); ok {
				bad.Op = "rm"
			}
			return removed, err
		}
		victims := top.Flat()
		if path != "/" {
			victims = append([]Entry{*top}, victims...)
		}
		slices.Reverse(victims) // children before parents
		n, err := c.removeAll(ctx, victims)
		removed += n
		if err == nil || !errors.Is(err, ErrNotEmpty) || try == removeTries {
			return removed, err
		}
	}
}

// removeBatch bounds the deletions that go in one transaction: enough to make the
// round trips cheap, few enough that a request stays short.
const removeBatch = 256

// removeAll deletes znodes in order, many in one transaction. Where a transaction
// is refused its znodes are deleted one by one; one that is gone is no failure.
func (c *Conn) removeAll(ctx context.Context, victims []Entry) (int, error) {
	removed := 0
	for batch := range slices.Chunk(victims, removeBatch) {
		ops := make([]wire.MultiOp, len(batch))
		for i, e := range batch {
			ops[i] = wire.MultiOp{Op: wire.OpDelete, Path: e.Path, Version: Any}
		}
		_, err := c.Multi(ctx, ops)
		if err == nil {
			removed += len(batch)
			continue
		}
		if errors.Is(err, ErrOutcomeUnknown) || c.Err() != nil || ctx.Err() != nil {
			return removed, fail("rm", batch[len(batch)-1].Path, errors.Unwrap(err))
		}
		for _, e := range batch {
			switch err := c.Delete(ctx, e.Path, Any); {
			case err == nil:
				removed++
			case errors.Is(err, ErrNoNode):
			case errors.Is(err, ErrBadArguments): // one that the servers keep
			default:
				return removed, err
			}
		}
	}
	return removed, nil
}
