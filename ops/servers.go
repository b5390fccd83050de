package ops

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// DefaultPort is the client port of a ZooKeeper server.
const DefaultPort = "2181"

// ParseServers reads a connection string as ZooKeeper's clients do:
// HOST[:PORT],…[/chroot]. An IPv6 address stands in brackets when a port follows.
// The chroot is "" where there is none.
func ParseServers(s string) (servers []string, chroot string, err error) {
	list, root := s, ""
	if i := strings.IndexByte(s, '/'); i >= 0 {
		list, root = s[:i], s[i:]
	}
	if root != "" && root != "/" {
		if err := checkPath(root); err != nil {
			return nil, "", &Error{"connect", s, fmt.Errorf("%w: chroot %s: %w", ErrBadPath, root, err)}
		}
		chroot = root
	}
	for part := range strings.SplitSeq(list, ",") {
		server, err := parseServer(strings.TrimSpace(part))
		if err != nil {
			return nil, "", &Error{"connect", s, fmt.Errorf("%w: server %q: %w", ErrBadPath, part, err)}
		}
		servers = append(servers, server)
	}
	return servers, chroot, nil
}

func parseServer(s string) (string, error) {
	if s == "" {
		return "", errors.New("it is empty")
	}
	bare := strings.Trim(s, "[]")
	if ip := net.ParseIP(bare); ip != nil {
		return net.JoinHostPort(bare, DefaultPort), nil
	}
	if !strings.Contains(s, ":") {
		return net.JoinHostPort(s, DefaultPort), nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", errors.New("want HOST:PORT")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", fmt.Errorf("port %q: want 1 to 65535", port)
	}
	if host == "" {
		return "", errors.New("it has no host")
	}
	return s, nil
}
