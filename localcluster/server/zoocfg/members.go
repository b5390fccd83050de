package zoocfg

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Member is one server of an ensemble.
type Member struct {
	ID             int
	Host           string
	Port, Election int      // of the servers among themselves
	Client         *Address // nil where the line does not say
	Observer       bool
}

// MaxID is the largest id of a server that is understood.
const MaxID = 127

// check is what the file must say, before other files are read.
func (p *parser) check() error {
	c := &p.cfg
	switch {
	case c.DataDir == "":
		return errors.New("dataDir is not set")
	case c.TickTime <= 0:
		return p.because("tickTime", errors.New("tickTime is not above 0"))
	case p.ports.client < 0 && p.clientAt.host != "":
		return p.because("clientPortAddress", errors.New("clientPortAddress is set but clientPort is not set"))
	case p.ports.secure < 0 && p.clientAt.secureHost != "":
		return p.because("secureClientPortAddress", errors.New("secureClientPortAddress is set but secureClientPort is not set"))
	}
	if p.ports.client >= 0 {
		c.Client = &Address{p.clientAt.host, p.ports.client}
	}
	if p.ports.secure >= 0 {
		c.Secure = &Address{p.clientAt.secureHost, p.ports.secure}
	}
	if strings.HasSuffix(p.metrics.class, ".PrometheusMetricsProvider") {
		c.Metrics = &Address{p.metrics.host, p.metrics.port}
	}
	if c.Secure != nil && c.TLS.Key.Location == "" {
		return p.because("secureClientPort", errors.New("secureClientPort is set but ssl.keyStore.location is not"))
	}
	if c.Secure != nil && c.TLS.Trust.Location == "" && c.TLS.Auth != "none" {
		return p.because("secureClientPort", fmt.Errorf("ssl.clientAuth is %s but ssl.trustStore.location is not set", c.TLS.Auth))
	}
	return nil
}

// because names the line of a key.
func (p *parser) because(key string, err error) error {
	return &Error{File: p.in.Name, Line: p.lines[key], Reason: err.Error()}
}

// timeouts settles between which bounds sessions may ask for theirs.
func (p *parser) timeouts() error {
	bound := func(ms, ticks int) time.Duration {
		if ms == -1 {
			return time.Duration(ticks) * p.cfg.TickTime
		}
		return time.Duration(ms) * time.Millisecond
	}
	p.cfg.MinTimeout, p.cfg.MaxTimeout = bound(p.sessions.min, 2), bound(p.sessions.max, 20)
	if p.cfg.MinTimeout > p.cfg.MaxTimeout {
		return p.because("minSessionTimeout", errors.New("minSessionTimeout must not be larger than maxSessionTimeout"))
	}
	if p.cfg.MinTimeout < 0 {
		return p.because("minSessionTimeout", errors.New("minSessionTimeout is below 0"))
	}
	return nil
}

// members settles who is in the ensemble, and which of them this server is.
func (p *parser) members() error {
	for _, prop := range p.dynamic {
		if !strings.HasPrefix(prop.Key, "server.") {
			return p.inMembers(prop, errors.New("cannot be honoured: groups and weights of servers are not known here; a majority decides"))
		}
		m, err := ParseMember(prop.Key, prop.Value)
		if err != nil {
			return p.inMembers(prop, err)
		}
		p.cfg.Members = append(p.cfg.Members, m)
	}
	slices.SortFunc(p.cfg.Members, func(a, b Member) int { return a.ID - b.ID })
	voters := 0
	for i, m := range p.cfg.Members {
		if i > 0 && p.cfg.Members[i-1].ID == m.ID {
			return fmt.Errorf("two servers have the id %d", m.ID)
		}
		if !m.Observer {
			voters++
		}
	}
	switch {
	case voters == 0 && !p.cfg.Standalone:
		return errors.New("standaloneEnabled is false, and there is no server that votes")
	case voters <= 1 && voters < len(p.cfg.Members) && p.cfg.Standalone:
		return errors.New("observers need an ensemble to observe: two servers or more that vote, or standaloneEnabled=false")
	}
	if voters == 1 && p.cfg.Standalone {
		p.warnings = append(p.warnings, Warning{p.from, p.dynamic[0].Line, "server.N is ignored, as Apache ZooKeeper ignores it where there is only one: this server stands alone"})
		if p.cfg.Client == nil {
			p.cfg.Client = p.cfg.Members[0].Client
		}
		p.cfg.Members = nil
	}
	return p.self()
}

// inMembers names the line of a member.
func (p *parser) inMembers(prop Property, err error) error {
	return &Error{File: p.from, Line: prop.Line, Reason: fmt.Sprintf("%s=%s: %v", prop.Key, prop.Value, err)}
}

// self finds this server among the members.
func (p *parser) self() error {
	c := &p.cfg
	if len(c.Members) == 0 {
		return p.hasPort()
	}
	switch {
	case c.InitLimit == 0:
		return errors.New("initLimit is not set")
	case c.SyncLimit == 0:
		return errors.New("syncLimit is not set")
	case c.ID == 0:
		return fmt.Errorf("the file myid is missing in %s", c.DataDir)
	}
	for _, key := range []string{"initLimit", "syncLimit"} {
		p.warn(p.lines[key], "%s is ignored: %s", key, ownQuorum)
	}
	i := slices.IndexFunc(c.Members, func(m Member) bool { return m.ID == c.ID })
	if i < 0 {
		return fmt.Errorf("this server's id is %d, and there is no server.%d", c.ID, c.ID)
	}
	me := &c.Members[i]
	if me.Observer != c.Observer {
		if _, ok := p.lines["peerType"]; ok || me.Observer {
			p.warn(p.lines["peerType"], "peerType does not fit server.%d, which holds", c.ID)
		}
		c.Observer = me.Observer
	}
	switch {
	case me.Client == nil: // the clientPort of this server is no business of the others
	case c.Client == nil:
		c.Client = me.Client
	case c.Client.Port != me.Client.Port || c.Client.Host != "" && !isAny(c.Client.Host) && c.Client.Host != me.Client.Host:
		return p.because("clientPort", fmt.Errorf("the address for clients differs from that of server.%d", c.ID))
	default:
		c.Client = me.Client
	}
	return p.hasPort()
}

func (p *parser) hasPort() error {
	if p.cfg.Client == nil && p.cfg.Secure == nil {
		return errors.New("neither clientPort nor secureClientPort is set")
	}
	return nil
}

// isAny tells whether host stands for every address of the machine.
func isAny(host string) bool { return host == "0.0.0.0" || host == "::" }

// ParseMember reads one line of the membership, HOST:PORT:ELECTION[:ROLE], then
// perhaps ";" and [CLIENTHOST:]CLIENTPORT. A host that is an IPv6 address stands in
// brackets. Of several that | separates, the first is taken.
func ParseMember(key, value string) (Member, error) {
	var m Member
	id, err := strconv.Atoi(strings.TrimPrefix(key, "server."))
	if err != nil || id < 1 {
		return m, errors.New("the id is not a number above 0")
	}
	if id > MaxID {
		return m, fmt.Errorf("cannot be honoured: ids go to %d here", MaxID)
	}
	m.ID = id
	servers, client, hasClient := strings.Cut(value, ";")
	if hasClient {
		if m.Client, err = clientAddress(client); err != nil {
			return m, err
		}
	}
	for i, one := range strings.Split(servers, "|") {
		next := Member{ID: m.ID, Client: m.Client}
		if err := next.address(one); err != nil {
			return m, err
		}
		if i > 0 && next.Observer != m.Observer {
			return m, errors.New("its addresses have different roles")
		}
		if i == 0 {
			m = next
		}
	}
	return m, nil
}

var errMember = errors.New("it is not of the form HOST:PORT:ELECTION[:participant|observer][;[CLIENTHOST:]CLIENTPORT]")

// address reads HOST:PORT:ELECTION[:ROLE].
func (m *Member) address(s string) error {
	parts, err := hostAndPorts(s)
	if err != nil || len(parts) < 3 || len(parts) > 4 || parts[0] == "" {
		return errMember
	}
	m.Host = parts[0]
	for i, n := range []*int{&m.Port, &m.Election} {
		if port(n, parts[i+1]) != nil || *n == 0 {
			return fmt.Errorf("%q is not a port", parts[i+1])
		}
	}
	if m.Port == m.Election {
		return errors.New("the two ports of a server must differ")
	}
	if len(parts) == 4 {
		switch strings.ToLower(strings.TrimSpace(parts[3])) {
		case "observer":
			m.Observer = true
		case "participant":
		default:
			return fmt.Errorf("%q is neither participant nor observer", parts[3])
		}
	}
	return nil
}

func clientAddress(s string) (*Address, error) {
	parts, err := hostAndPorts(strings.TrimSpace(s))
	if err != nil || len(parts) > 2 {
		return nil, errMember
	}
	var a Address
	if len(parts) == 2 {
		a.Host = parts[0]
	}
	if err := port(&a.Port, parts[len(parts)-1]); err != nil {
		return nil, fmt.Errorf("%q is not a port", parts[len(parts)-1])
	}
	return &a, nil
}

// hostAndPorts splits at colons, but not within brackets.
func hostAndPorts(s string) ([]string, error) {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "[") {
		return strings.Split(s, ":"), nil
	}
	host, rest, ok := strings.Cut(s[1:], "]")
	if !ok || !strings.HasPrefix(rest, ":") {
		return nil, errMember
	}
	return append([]string{host}, strings.Split(rest[1:], ":")...), nil
}
