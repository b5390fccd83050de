package tree

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Member is one server of the ensemble, as /zookeeper/config shows it.
type Member struct {
	ID       uint64
	Addr     string // host:port for the other servers
	Observer bool

	// Election is host:port too, of which the port is shown. The embedded server has
	// none; where it is empty the port for clients stands in its place, since programs
	// that read the line want another number there than the one before.
	Election string
	// Client is host:port for clients, or ";" and host:port for those that speak TLS,
	// or both.
	Client string
}

// line is what is behind "server.N=".
func (m Member) line() string {
	role, election, client := "participant", m.Election, m.Client
	if m.Observer {
		role = "observer"
	}
	if election == "" {
		election, _, _ = strings.Cut(strings.TrimPrefix(client, ";"), ";")
	}
	port := "0"
	if _, p, err := net.SplitHostPort(election); err == nil {
		port = p
	}
	if client != "" {
		client = ";" + client
	}
	return fmt.Sprintf("%s:%s:%s%s", m.Addr, port, role, client)
}

// configData is the data of /zookeeper/config.
func configData(ms []Member, version int64) []byte {
	var b strings.Builder
	for _, m := range ms {
		fmt.Fprintf(&b, "server.%d=%s\n", m.ID, m.line())
	}
	fmt.Fprintf(&b, "version=%x", uint64(version))
	return []byte(b.String())
}

// What is wrong with a request for other members. Apache ZooKeeper answers most of it
// with -8, and with -5 where its parser fails in a way that it did not expect.
var (
	errMembers = errors.New("bad arguments")
	errParse   = errors.New("cannot be read")
)

// parseMember reads what is behind "server.N=": host:port:election[:role], then perhaps
// ";" and [host:]port for clients, and ";" and [host:]port for those that speak TLS.
func parseMember(id uint64, s string) (Member, error) {
	m := Member{ID: id}
	server, clients, _ := strings.Cut(s, ";")
	if strings.Contains(server, "|") {
		return m, errMembers // "Multiple address feature is disabled"
	}
	parts, ok := splitHost(server)
	if !ok || len(parts) < 3 || len(parts) > 4 || parts[1] == parts[2] {
		return m, errMembers
	}
	var err error
	if m.Addr, err = address(parts[0], parts[1]); err != nil {
		return m, err
	}
	if m.Election, err = address(parts[0], parts[2]); err != nil {
		return m, err
	}
	if len(parts) == 4 {
		switch strings.ToLower(strings.TrimSpace(parts[3])) {
		case "observer":
			m.Observer = true
		case "participant":
		default:
			return m, errMembers
		}
	}
	plain, secure, _ := strings.Cut(clients, ";")
	if m.Client, err = clientAddress(plain); err != nil || secure == "" {
		return m, err
	}
	secure, err = clientAddress(secure)
	m.Client += ";" + secure
	return m, err
}

func clientAddress(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	parts, ok := splitHost(s)
	switch {
	case !ok || len(parts) > 2:
		return "", errMembers
	case len(parts) == 1:
		return address("0.0.0.0", parts[0])
	}
	return address(parts[0], parts[1])
}

// address joins a host and a port. A port beyond what there is fails differently from
// one that is no number.
func address(host, port string) (string, error) {
	n, err := strconv.ParseInt(port, 10, 32)
	switch {
	case err != nil:
		return "", errMembers
	case n < 0 || n > math.MaxUint16:
		return "", errParse
	}
	return net.JoinHostPort(host, strconv.FormatInt(n, 10)), nil
}

// splitHost splits at colons. A host that is an IPv6 address stands in brackets.
func splitHost(s string) ([]string, bool) {
	if !strings.HasPrefix(s, "[") {
		return strings.Split(s, ":"), true
	}
	host, rest, ok := strings.Cut(s[1:], "]")
	if !ok || !strings.HasPrefix(rest, ":") {
		return nil, false
	}
	return append([]string{host}, strings.Split(rest[1:], ":")...), true
}

// parseID reads the number of a server.
func parseID(s string) (uint64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		return 0, errParse
	case n < 1:
		return 0, errMembers
	}
	return uint64(n), nil
}

// honoured tells whether the ids of all servers are such as this program can have.
func honoured(ms []Member) bool {
	return !slices.ContainsFunc(ms, func(m Member) bool { return m.ID > maxMemberID })
}

// maxMemberID is the largest id of a server: it is the top byte of session ids, and
// stays clear of the sign bit.
const maxMemberID = 127

// split cuts a list, without spaces around its elements and without empty ones.
func split(s, sep string) []string {
	all := strings.Split(s, sep)
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// incremental is the membership after some leave and then some join.
func incremental(now []Member, joining, leaving string) ([]Member, error) {
	next := slices.Clone(now)
	without := func(id uint64) {
		next = slices.DeleteFunc(next, func(m Member) bool { return m.ID == id })
	}
	for _, s := range split(leaving, ",") {
		id, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, errParse
		}
		without(uint64(id))
	}
	for _, s := range split(joining, ",") {
		parts := split(s, "=")
		if len(parts) != 2 {
			return nil, errMembers
		}
		id, err := parseID(parts[0][strings.LastIndexByte(parts[0], '.')+1:])
		if err != nil {
			return nil, err
		}
		m, err := parseMember(id, parts[1])
		if err != nil {
			return nil, err
		}
		if m.Client == "" {
			return nil, errMembers // "each server should have at least 3 ports specified"
		}
		without(id)
		next = append(next, m)
	}
	return sorted(next), nil
}

// whole reads a whole membership: properties, separated by commas or lines. Observers of
// nobody, or of one server that stands alone, fail as what cannot be read.
func whole(s string, least int) ([]Member, error) {
	var next []Member
	for _, prop := range split(strings.ReplaceAll(s, ",", "\n"), "\n") {
		key, value, _ := strings.Cut(prop, "=")
		key = strings.TrimSpace(key)
		if key == "version" {
			continue
		}
		if !strings.HasPrefix(key, "server.") {
			return nil, errMembers
		}
		id, err := parseID(strings.TrimPrefix(key, "server."))
		if err != nil {
			return nil, err
		}
		m, err := parseMember(id, strings.TrimSpace(value))
		if err != nil {
			return nil, err
		}
		next = slices.DeleteFunc(next, func(o Member) bool { return o.ID == id })
		next = append(next, m)
	}
	if n := voters(next); n < least && (len(next) > n || least == 1) {
		return nil, errParse
	}
	return sorted(next), nil
}

func sorted(ms []Member) []Member {
	slices.SortFunc(ms, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	return ms
}

// voters counts those that vote.
func voters(ms []Member) int {
	n := 0
	for _, m := range ms {
		if !m.Observer {
			n++
		}
	}
	return n
}

// clash tells whether two servers have an address in common. Addresses that every
// machine has are not counted, as in Apache ZooKeeper.
func clash(ms []Member) bool {
	seen := make(map[string]uint64)
	for _, m := range ms {
		for _, a := range append([]string{m.Addr, m.Election}, strings.Split(m.Client, ";")...) {
			host, _, err := net.SplitHostPort(a)
			if err != nil || host == "localhost" {
				continue
			}
			if ip := net.ParseIP(host); ip != nil && (ip.IsLoopback() || ip.IsUnspecified()) {
				continue
			}
			if other, ok := seen[a]; ok && other != m.ID {
				return true
			}
			seen[a] = m.ID
		}
	}
	return false
}
