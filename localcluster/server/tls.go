package server

import (
	"context"
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"strings"

	"github.com/zooctl/zooctl/ops/wire"
)

// secure shakes hands where the connection is one of TLS, and takes the client's
// certificate for its identity. The deadline is the connection's.
func (c *conn) secure() bool {
	t, ok := c.nc.(*tls.Conn)
	if !ok {
		return true
	}
	if err := t.HandshakeContext(context.Background()); err != nil {
		c.s.cfg.Logf("%v: %v", c.nc.RemoteAddr(), err)
		return false
	}
	if chain := t.ConnectionState().VerifiedChains; len(chain) > 0 && len(chain[0]) > 0 {
		return c.prove(wire.Identity{Scheme: schemeX509, ID: distinguishedName(chain[0][0].RawSubject)})
	}
	return true
}

// distinguishedName writes a name as Java's X500Principal does (RFC 2253): the last part
// first, well-known types by their names, other values in hexadecimal.
func distinguishedName(raw []byte) string {
	var rdns pkix.RDNSequence
	if _, err := asn1.Unmarshal(raw, &rdns); err != nil {
		return ""
	}
	var parts []string
	for i := len(rdns) - 1; i >= 0; i-- {
		var set []string
		for _, a := range rdns[i] {
			set = append(set, attribute(a))
		}
		parts = append(parts, strings.Join(set, "+"))
	}
	return strings.Join(parts, ",")
}

func attribute(a pkix.AttributeTypeAndValue) string {
	names := map[string]string{
		"2.5.4.3": "CN", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.6": "C", "2.5.4.9": "STREET",
		"0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
	}
	text, isText := a.Value.(string)
	name, known := names[a.Type.String()]
	if !known || !isText {
		der, _ := asn1.Marshal(a.Value) // what was decoded can be encoded
		return a.Type.String() + "=#" + hex.EncodeToString(der)
	}
	var b strings.Builder
	for i, r := range text {
		edge := r == ' ' && (i == 0 || i == len(text)-1) || r == '#' && i == 0
		if edge || strings.ContainsRune(`,+"\<>;`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return name + "=" + b.String()
}
