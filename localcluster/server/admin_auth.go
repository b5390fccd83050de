package server

import (
	"crypto/sha1" //nolint:gosec // what digest identities are made of
	"encoding/base64"
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
	id, ok := identify(header, r.RemoteAddr)
	if !ok {
		a.s.stats.authFailed.Add(1)
		return http.StatusUnauthorized, "Not authenticated"
	}
	a.s.mu.RLock()
	var acl []wire.ACL
	if root := a.s.tree.Node("/"); root != nil {
		acl = root.ACL()
	}
	a.s.mu.RUnlock()
	for bit := wire.PermRead; bit <= wire.PermAll; bit <<= 1 {
		if !permits(acl, id, bit) {
			return http.StatusForbidden, "Not authorized"
		}
	}
	return http.StatusOK, ""
}

// identify makes an identity of a header.
func identify(header, from string) (wire.Identity, bool) {
	scheme, secret, both := strings.Cut(header, " ")
	switch {
	case strings.Contains(secret, " "):
	case scheme == "ip":
		if addr, err := netip.ParseAddrPort(from); err == nil {
			return wire.Identity{Scheme: "ip", ID: addr.Addr().Unmap().String()}, true
		}
	case scheme == "digest" && both && secret != "":
		user, _, _ := strings.Cut(secret, ":")
		sum := sha1.Sum([]byte(secret)) //nolint:gosec // as above
		return wire.Identity{Scheme: "digest", ID: user + ":" + base64.StdEncoding.EncodeToString(sum[:])}, true
	}
	return wire.Identity{}, false
}

// permits tells whether an ACL gives an identity one permission.
func permits(acl []wire.ACL, id wire.Identity, perm wire.Perm) bool {
	for _, a := range acl {
		if a.Perms&perm == 0 {
			continue
		}
		switch {
		case a.Scheme == "world" && a.ID == "anyone":
			return true
		case a.Scheme != id.Scheme:
		case a.ID == id.ID:
			return true
		case a.Scheme == "ip":
			net, err := netip.ParsePrefix(a.ID)
			if addr, bad := netip.ParseAddr(id.ID); err == nil && bad == nil && net.Contains(addr) {
				return true
			}
		}
	}
	return len(acl) == 0
}
