package server

import (
	"crypto/md5" //nolint:gosec // DIGEST-MD5 is defined by it
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/zooctl/zooctl/ops/wire"
)

// SASL's DIGEST-MD5 (RFC 2831), as Java's server side of it speaks with the service and
// the realm of Apache ZooKeeper: a challenge, a response, and a proof that the server
// knows the password too.
const (
	saslService = "zookeeper"
	saslRealm   = "zk-sasl-md5"
	maxToken    = 4 << 10 // bytes of a response; RFC 2831 bounds it to 4096
)

var errSASL = errors.New("SASL: not authenticated")

// saslExchange is where a connection stands. It is the reader goroutine's.
type saslExchange struct {
	nonce string // of the challenge, or "" before it
	done  bool
}

// saslStep answers one token. Who fails is told so and loses the connection; without any
// user the answer is empty, as from a server without a section Server in its JAAS file.
func (c *conn) saslStep(h wire.RequestHeader, d *wire.Decoder) bool {
	var r wire.SASLToken
	if r.Decode(d); d.Err() != nil {
		return false
	}
	if c.s.cfg.SASLUsers == nil {
		c.aside(wire.ReplyHeader{Xid: h.Xid}, &wire.SASLToken{})
		return true
	}
	token, user, err := c.sasl.step(r.Token, c.s.cfg.SASLUsers)
	if err == nil && user != "" && !c.prove(wire.Identity{Scheme: schemeSASL, ID: user}) {
		err = errSASL
	}
	if err != nil {
		c.s.stats.authFailed.Add(1)
		c.s.cfg.Logf("%v: %v", c.nc.RemoteAddr(), err)
		c.aside(wire.ReplyHeader{Xid: h.Xid, Err: wire.CodeAuthFailed}, &wire.SASLToken{})
		c.out.closeAfterLast()
		return false
	}
	c.aside(wire.ReplyHeader{Xid: h.Xid}, &wire.SASLToken{Token: token})
	return true
}

// step takes a token and returns the next, and the user once that is proved.
func (x *saslExchange) step(token []byte, users map[string]string) (next []byte, user string, err error) {
	switch {
	case x.done || len(token) > maxToken:
		return nil, "", errSASL
	case x.nonce == "":
		var b [24]byte
		_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
		x.nonce = base64.StdEncoding.EncodeToString(b[:])
		return fmt.Appendf(nil, `realm="%s",nonce="%s",charset=utf-8,algorithm=md5-sess`, saslRealm, x.nonce), "", nil
	}
	x.done = true
	f, err := directives(string(token))
	if err != nil {
		return nil, "", err
	}
	password, known := users[f["username"]]
	good := known && f["nonce"] == x.nonce && f["nc"] == "00000001" && f["realm"] == saslRealm && f["cnonce"] != "" &&
		(f["qop"] == "" || f["qop"] == "auth") && (f["authzid"] == "" || f["authzid"] == f["username"]) &&
		strings.HasPrefix(f["digest-uri"], saslService+"/")
	want := f.proof("AUTHENTICATE", password)
	if subtle.ConstantTimeCompare([]byte(want), []byte(f["response"])) != 1 || !good {
		return nil, "", fmt.Errorf("%w: user %q", errSASL, f["username"])
	}
	return []byte("rspauth=" + f.proof("", password)), f["username"], nil
}

// saslFields are the directives of a response, by name.
type saslFields map[string]string

// proof is the hash by which one side shows that it knows the password. The verb tells
// the sides apart.
func (f saslFields) proof(verb, password string) string {
	sum := func(s string) [md5.Size]byte { return md5.Sum([]byte(s)) } //nolint:gosec // see above
	text := func(h [md5.Size]byte) string { return hex.EncodeToString(h[:]) }
	first := sum(narrow(f["username"]) + ":" + narrow(f["realm"]) + ":" + narrow(password))
	a1 := string(first[:]) + ":" + f["nonce"] + ":" + f["cnonce"]
	if f["authzid"] != "" {
		a1 += ":" + f["authzid"]
	}
	a2 := verb + ":" + f["digest-uri"]
	return text(sum(text(sum(a1)) + ":" + f["nonce"] + ":" + f["nc"] + ":" + f["cnonce"] + ":auth:" + text(sum(a2))))
}

// narrow writes a text in ISO 8859-1 if that has all of its characters: "if the
// username is a string in ISO 8859-1, it is hashed as such".
func narrow(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return s
		}
		b = append(b, byte(r))
	}
	return string(b)
}

// directives splits name=value and name="value", with commas between them. A backslash
// in quotes takes the next character as it is. No name may come twice.
func directives(s string) (saslFields, error) {
	f := make(saslFields)
	for s = strings.TrimLeft(s, " \t,"); s != ""; s = strings.TrimLeft(s, " \t,") {
		name, rest, ok := strings.Cut(s, "=")
		name = strings.TrimSpace(name)
		if _, twice := f[name]; !ok || name == "" || twice {
			return nil, fmt.Errorf("%w: malformed response", errSASL)
		}
		if !strings.HasPrefix(rest, `"`) {
			f[name], s, _ = strings.Cut(rest, ",")
			f[name] = strings.TrimSpace(f[name])
			continue
		}
		var value strings.Builder
		i := 1
		for ; i < len(rest) && rest[i] != '"'; i++ {
			if rest[i] == '\\' {
				i++
			}
			if i < len(rest) {
				value.WriteByte(rest[i])
			}
		}
		if i >= len(rest) {
			return nil, fmt.Errorf("%w: malformed response", errSASL)
		}
		f[name], s = value.String(), rest[i+1:]
	}
	return f, nil
}
