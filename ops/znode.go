package ops

import (
	"context"
	"errors"

	"github.com/zooctl/zooctl/ops/wire"
)

// Any stands for any version of a znode.
const Any int32 = -1

// decoder reads a reply; r is one of package wire's records.
type decoder interface{ Decode(*wire.Decoder) }

// ask sends a request about path and reads the reply into r, if it is not nil.
func (c *Conn) ask(ctx context.Context, name string, op wire.Op, path string, req wire.Record, r decoder) error {
	body, _, err := c.do(ctx, name, op, path, req)
	if err != nil || r == nil {
		return err
	}
	d := wire.NewDecoder(body)
	if r.Decode(&d); d.Err() != nil {
		return fail(name, path, d.Err())
	}
	return nil
}

// Get returns the data of a znode. Null and empty data are both empty.
func (c *Conn) Get(ctx context.Context, path string) ([]byte, Stat, error) {
	if err := CheckPath(path); err != nil {
		return nil, Stat{}, fail("get", path, err)
	}
	var r wire.GetDataResponse
	err := c.ask(ctx, "get", wire.OpGetData, path, &wire.PathWatchRequest{Path: under(c.cfg.Chroot, path)}, &r)
	return r.Data, statOf(&r.Stat), err
}

// Set replaces the data of a znode whose version is version, or [Any].
func (c *Conn) Set(ctx context.Context, path string, data []byte, version int32) (Stat, error) {
	if err := CheckPath(path); err != nil {
		return Stat{}, fail("set", path, err)
	}
	var s wire.Stat
	err := c.ask(ctx, "set", wire.OpSetData, path, &wire.SetDataRequest{Path: under(c.cfg.Chroot, path), Data: data, Version: version}, &s)
	return statOf(&s), err
}

// Delete deletes a znode whose version is version, or [Any], and which has no
// children.
func (c *Conn) Delete(ctx context.Context, path string, version int32) error {
	if err := CheckPath(path); err != nil {
		return fail("rm", path, err)
	}
	return c.ask(ctx, "rm", wire.OpDelete, path, &wire.DeleteRequest{Path: under(c.cfg.Chroot, path), Version: version}, nil)
}

// Stat returns the Stat of a znode.
func (c *Conn) Stat(ctx context.Context, path string) (Stat, error) {
	if err := CheckPath(path); err != nil {
		return Stat{}, fail("stat", path, err)
	}
	var s wire.Stat
	err := c.ask(ctx, "stat", wire.OpExists, path, &wire.PathWatchRequest{Path: under(c.cfg.Chroot, path)}, &s)
	return statOf(&s), err
}

// Exists tells whether there is a znode, and its Stat.
func (c *Conn) Exists(ctx context.Context, path string) (Stat, bool, error) {
	s, err := c.Stat(ctx, path)
	if errors.Is(err, ErrNoNode) {
		return Stat{}, false, nil
	}
	if bad, ok := errors.AsType[*Error](err); ok {
		bad.Op = "exists"
	}
	return s, err == nil, err
}

// Children returns the names of the children of a znode, in no order.
func (c *Conn) Children(ctx context.Context, path string) ([]string, Stat, error) {
	if err := CheckPath(path); err != nil {
		return nil, Stat{}, fail("ls", path, err)
	}
	var r childrenAndStat
	err := c.ask(ctx, "ls", wire.OpGetChildren2, path, &wire.PathWatchRequest{Path: under(c.cfg.Chroot, path)}, &r)
	return r.names, statOf(&r.stat), err
}

type childrenAndStat struct {
	names []string
	stat  wire.Stat
}

// Decode reads a reply to getChildren2.
func (r *childrenAndStat) Decode(d *wire.Decoder) {
	r.names = d.Strings()
	r.stat.Decode(d)
}

// Sync waits until the server has applied all that was committed before.
func (c *Conn) Sync(ctx context.Context, path string) error {
	return c.ask(ctx, "sync", wire.OpSync, path, &wire.PathRequest{Path: under(c.cfg.Chroot, path)}, nil)
}

// CreateOptions says what kind of znode Create makes.
type CreateOptions struct {
	Ephemeral  bool       // it goes with the session
	Sequential bool       // the server adds a number of ten digits to its name
	Parents    bool       // make missing parents, persistent and empty
	ACL        []wire.ACL // nil: anyone may do anything
}

// Create makes a znode and returns its path, which differs from the one asked for
// if it is sequential.
func (c *Conn) Create(ctx context.Context, path string, data []byte, opts CreateOptions) (string, error) {
	// A sequential name may be nothing but its number.
	check := path
	if opts.Sequential {
		check += "0"
	}
	if err := CheckPath(check); err != nil {
		return "", fail("create", path, err)
	}
	if data == nil {
		data = []byte{}
	}
	acl := opts.ACL
	if acl == nil {
		acl = wire.WorldACL()
	}
	req := &wire.CreateRequest{Path: under(c.cfg.Chroot, path), Data: data, ACL: acl}
	if opts.Ephemeral {
		req.Flags |= wire.FlagEphemeral
	}
	if opts.Sequential {
		req.Flags |= wire.FlagSequential
	}
	for {
		var r wire.CreateResponse
		err := c.ask(ctx, "create", wire.OpCreate, path, req, &r)
		if err == nil {
			return outside(c.cfg.Chroot, r.Path), nil
		}
		if !opts.Parents || !errors.Is(err, ErrNoNode) || Parent(path) == "/" && c.cfg.Chroot == "" {
			return "", err
		}
		if err := c.ensure(ctx, under(c.cfg.Chroot, Parent(path)), acl); err != nil {
			return "", fail("create", path, err)
		}
	}
}

// ensure makes a znode and those above it, which may be there already. The path
// has its chroot.
func (c *Conn) ensure(ctx context.Context, path string, acl []wire.ACL) error {
	err := c.ask(ctx, "create", wire.OpCreate, path, &wire.CreateRequest{Path: path, Data: []byte{}, ACL: acl}, nil)
	switch {
	case err == nil, errors.Is(err, ErrNodeExists):
		return nil
	case errors.Is(err, ErrNoNode) && path != "/":
		if err := c.ensure(ctx, Parent(path), acl); err != nil {
			return err
		}
		return c.ensure(ctx, path, acl)
	}
	return err
}

// Multi applies all operations or none. A refusal names the operation that failed.
func (c *Conn) Multi(ctx context.Context, ops []wire.MultiOp) ([]wire.MultiResult, error) {
	req := wire.MultiRequest{Ops: make([]wire.MultiOp, len(ops))}
	for i, op := range ops {
		if op.Create.Path != "" {
			op.Create.Path = under(c.cfg.Chroot, op.Create.Path)
		} else {
			op.Path = under(c.cfg.Chroot, op.Path)
		}
		req.Ops[i] = op
	}
	var r wire.MultiResponse
	if err := c.ask(ctx, "multi", wire.OpMulti, "", &req, &r); err != nil {
		return nil, err
	}
	for i, res := range r.Results {
		if res.Op == wire.OpError && res.Err != wire.CodeOK && res.Err != wire.CodeRuntimeInconsistency && i < len(ops) {
			path := ops[i].Path
			if path == "" {
				path = ops[i].Create.Path
			}
			return nil, &Error{ops[i].Op.String(), path, codeError(res.Err)}
		}
		if res.Path != "" {
			r.Results[i].Path = outside(c.cfg.Chroot, res.Path)
		}
	}
	return r.Results, nil
}
