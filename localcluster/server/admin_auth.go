package server

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/zooctl/zooctl/ops/wire"
)

// authorize sees whether a request may do everything to the root, by its header
// Authorization: "digest USER:PASSWORD", or "ip" for the address that it comes from.
// The texts and codes are Apache ZooKeeper's.
func (a *admin) authorize(r *http.Request) (status int, why string) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return http.StatusUnauthorized, "Auth info is missing for the command"
	}
	id, ok := a.identities(header, r.RemoteAddr)
	if !ok {
		a.s.stats.authFailed.Add(1)
		return http.StatusUnauthorized, "Not authenticated"
	}
	a.s.mu.RLock()
	defer a.s.mu.RUnlock()
	if root := a.s.tree.Node("/"); root != nil && !a.s.cfg.SkipACL {
		who := id.Append(nil)
		for bit := wire.PermRead; bit <= wire.PermAll; bit <<= 1 {
			if !a.s.tree.Allowed(root, bit, who) {
				return http.StatusForbidden, "Not authorized"
			}
		}
	}
	return http.StatusOK, ""
}

// identities makes those of a header.
func (a *admin) identities(header, from string) (wire.Identities, bool) {
	scheme, secret, both := strings.Cut(header, " ")
	switch {
	case strings.Contains(secret, " "):
	case scheme == schemeIP:
		if addr, err := netip.ParseAddrPort(from); err == nil {
			return wire.Identities{{Scheme: schemeIP, ID: addr.Addr().Unmap().String()}}, true
		}
	case scheme == schemeDigest && both && secret != "":
		return a.s.digest(secret), true
	}
	return nil, false
}
