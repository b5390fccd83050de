package server

import (
	"crypto/sha1" //nolint:gosec // the scheme digest is defined by it
	"encoding/base64"
	"net"
	"slices"
	"strings"

	"github.com/zooctl/zooctl/localcluster/server/tree"
	"github.com/zooctl/zooctl/ops/wire"
)

// The schemes by which a client proves who it is.
const (
	schemeIP     = "ip"
	schemeDigest = "digest"
	schemeSASL   = "sasl"
	schemeX509   = "x509"
	schemeSuper  = "super"
)

// rules are those settings that go with every write of this server's clients.
func (cfg *Config) rules() tree.Rules {
	var r tree.Rules
	for _, x := range []struct {
		on   bool
		rule tree.Rules
	}{
		{cfg.SkipACL, tree.RuleSkipACL}, {cfg.NoTypes, tree.RuleNoTypes}, {cfg.EnforceQuota, tree.RuleHardQuota},
		{cfg.SASLUsers != nil, tree.RuleSASL}, {cfg.Secure != nil, tree.RuleX509},
	} {
		if x.on {
			r |= x.rule
		}
	}
	return r
}

// addressIdentity is the identity that every connection has: "ip:addr always present".
func addressIdentity(nc net.Conn) wire.Identities {
	a, ok := nc.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return nil
	}
	return wire.Identities{{Scheme: schemeIP, ID: a.AddrPort().Addr().Unmap().String()}}
}

// identities returns who the connection has proved to be.
func (c *conn) identities() wire.Identities {
	var ids wire.Identities
	d := wire.NewDecoder(*c.who.Load())
	ids.Decode(&d)
	return ids
}

// identify replaces what the connection has proved. It is the reader goroutine's.
func (c *conn) identify(ids wire.Identities) {
	who := ids.Append(nil)
	c.who.Store(&who)
}

// prove adds identities, and tells whether there is room for them.
func (c *conn) prove(more ...wire.Identity) bool {
	ids := c.identities()
	for _, id := range more {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids.Append(nil)) > maxWho {
		return false
	}
	c.identify(ids)
	return true
}

// auth adds an identity to the connection: "err 0, or -115 then close". The answer does
// not wait for those to earlier requests, and what follows has the identity.
func (c *conn) auth(h wire.RequestHeader, d *wire.Decoder) bool {
	var r wire.AuthRequest
	if r.Decode(d); d.Err() != nil {
		return false
	}
	ok := false
	switch r.Scheme {
	case schemeIP:
		ok = c.prove(addressIdentity(c.nc)...)
	case schemeDigest:
		ok = c.prove(c.s.digest(string(r.Auth))...)
	}
	if !ok {
		c.s.stats.authFailed.Add(1)
		c.aside(wire.ReplyHeader{Xid: h.Xid, Err: wire.CodeAuthFailed}, nil)
		c.out.closeAfterLast()
		return false
	}
	c.aside(wire.ReplyHeader{Xid: h.Xid}, nil)
	return true
}

// digest returns the identities that user:password proves.
func (s *Server) digest(pair string) wire.Identities {
	id := wire.Identity{Scheme: schemeDigest, ID: digestOf(pair)}
	if id.ID == s.cfg.SuperDigest {
		return wire.Identities{{Scheme: schemeSuper}, id}
	}
	return wire.Identities{id}
}

// digestOf is the id of the scheme digest for user:password.
func digestOf(pair string) string {
	user, _, _ := strings.Cut(pair, ":")
	sum := sha1.Sum([]byte(pair)) //nolint:gosec // see above
	return user + ":" + base64.StdEncoding.EncodeToString(sum[:])
}

// aside appends an answer that does not wait for its turn.
func (c *conn) aside(h wire.ReplyHeader, body wire.Record) {
	frame := wire.Frame(&h)
	if body != nil {
		frame = wire.Frame(&h, body)
	}
	b := c.out.lock()
	c.out.unlock(append(b, frame...))
	c.countSent()
}

// whoAmI tells the identities: "ip + auth identities; digest shows user only".
func (s *Server) whoAmI(a ask, _ *wire.Decoder) wire.Code {
	var ids wire.Identities
	d := wire.NewDecoder(a.who)
	ids.Decode(&d)
	for i := range ids {
		if ids[i].Scheme == schemeDigest {
			ids[i].ID, _, _ = strings.Cut(ids[i].ID, ":")
		}
	}
	a.c.reply(s.header(a.h.Xid, wire.CodeOK), ids.Append)
	return wire.CodeOK
}
