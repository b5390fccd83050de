package zoocfg

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Address is where a server listens. A Host of "" was not named: Apache ZooKeeper
// then listens on every address of the machine.
type Address struct {
	Host string
	Port int // 0 is any free one
}

// Config is what a configuration asks for. What it does not say has the default
// of Apache ZooKeeper 3.9.
type Config struct {
	TickTime               time.Duration
	InitLimit, SyncLimit   int // in ticks
	DataDir, LogDir        string
	Client, Secure         *Address // nil where there is none
	MaxConns               int      // connections of one address; 0 is no limit
	MaxTotal               int      // connections of all addresses; 0 is no limit
	MinTimeout, MaxTimeout time.Duration
	MaxFrame               int // jute.maxbuffer, in bytes
	MaxOutstanding         int // requests of all clients that wait for an answer
	SnapCount              uint64
	ID                     int      // of this server; 0 where neither myid nor the caller says
	Members                []Member // by id; none for a server that stands alone
	Observer               bool     // this server has no vote
	Standalone             bool     // standaloneEnabled: a single member is no ensemble
	Reconfig               bool
	Join                   bool // zooctl.join: without data, the server waits until a reconfig adds it
	ListenAll              bool // servers listen on all addresses for one another
	DynamicFile            string
	SecretFile             string // zooctl.secretFile: what the servers prove to each other to know

	Words         []string // four-letter words that are answered; "*" is all
	Admin         Admin
	Metrics       *Address // nil where there are none
	TLS           TLS
	SuperDigest   string            // super:HASH
	SASLUsers     map[string]string // name to password, of the section Server in the JAAS file
	SkipACL       bool
	EnforceQuota  bool
	ExtendedTypes bool // TTL znodes
	ReadOnly      bool // readonlymode.enabled
	NoSync        bool // forceSync=no
	OldDates      bool // zooctl.oldDates: the words write dates as Apache ZooKeeper did before 3.7

	ContainerInterval time.Duration
	Text              string // of the file, as it was read
}

// Admin is the AdminServer, which answers over HTTP.
type Admin struct {
	Enabled bool
	Address Address
	Given   bool // the port was asked for, and is no default
	Path    string

	NoSnapshot, NoRestore bool          // of the commands of those names
	Interval              time.Duration // between two of them; 0 is what is usual, less than 0 none
}

// TLS is how clients of the secure port are spoken to.
type TLS struct {
	Key, Trust Store
	Auth       string   // of clients: "need", "want" or "none"
	Protocols  []string // in Java's names; empty is what is usual
	Ciphers    []string // in their IANA names; empty is what is usual
}

// Store is a file with keys or certificates.
type Store struct {
	Location, Type string // Type is PEM, JKS, PKCS12, BCFKS or ""
	Password       string
}

// Input is all that a configuration is made of.
type Input struct {
	Name  string // of the file, for messages
	Text  string
	Flags []Property // system properties, with their full names: zookeeper.snapCount
	ID    int        // takes the place of the file myid; 0 leaves it to that
	// Read returns the content of another file that the configuration names, and an
	// error that satisfies errors.Is(err, fs.ErrNotExist) if it is not there.
	Read func(name string) (string, error)
}

// Warning says that a key has no effect.
type Warning struct {
	File string
	Line int // 0 for a flag
	Text string
}

func (w Warning) String() string { return place(w.File, w.Line) + w.Text }

// Error says why a configuration is refused.
type Error struct {
	File   string
	Line   int // 0 where no line is at fault
	Reason string
}

func (e *Error) Error() string { return place(e.File, e.Line) + e.Reason }

func place(file string, line int) string {
	switch {
	case file == "":
		return ""
	case line == 0:
		return file + ": "
	}
	return file + ":" + strconv.Itoa(line) + ": "
}

// parser is one call of Parse.
type parser struct {
	in       Input
	cfg      Config
	lines    map[string]int // of the keys in the file
	warnings []Warning
	stores   struct{ key, trust string } // files with the passwords
	jaas     string
	sasl     string // the section of the JAAS file
	sessions struct{ min, max int }
	clientAt struct{ host, secureHost string }
	ports    struct{ client, secure int } // -1 where not set
	metrics  struct {
		class, host string
		port        int
	}
	dynamic []Property // the lines about members
	from    string     // the file that they are in
}

// Parse reads a configuration. The error, if any, is an [*Error], or what Read
// returned for a file that is there and cannot be read.
func Parse(in Input) (*Config, []Warning, error) {
	p := &parser{in: in, lines: map[string]int{}, from: in.Name}
	p.defaults()
	props, err := Properties(in.Text)
	if err != nil {
		return nil, nil, p.at(err, 0)
	}
	if err := p.file(last(props)); err != nil {
		return nil, p.warnings, err
	}
	if err := p.flags(last(in.Flags)); err != nil {
		return nil, p.warnings, err
	}
	for _, step := range []func() error{p.check, p.readOthers, p.members, p.timeouts} {
		if err := step(); err != nil {
			return nil, p.warnings, p.at(err, 0)
		}
	}
	return &p.cfg, p.warnings, nil
}

func (p *parser) defaults() {
	p.cfg = Config{
		TickTime: 3 * time.Second, MaxConns: 60, MaxFrame: 0xfffff, MaxOutstanding: 1000, SnapCount: 100_000,
		Standalone: true, Words: []string{"srvr"}, Admin: Admin{Enabled: true, Address: Address{Port: 8080}, Path: "/commands"},
		TLS: TLS{Auth: "need"}, ContainerInterval: time.Minute, Text: p.in.Text,
	}
	p.sessions.min, p.sessions.max = -1, -1
	p.ports.client, p.ports.secure = -1, -1
	p.metrics.port = 7000
	p.sasl = "Server"
}

// last keeps of each key the last occurrence, in the order of the file.
func last(props []Property) []Property {
	at := map[string]int{}
	for i := range props {
		props[i].Key, props[i].Value = strings.TrimSpace(props[i].Key), strings.TrimSpace(props[i].Value)
		at[props[i].Key] = i
	}
	var kept []Property
	for i, prop := range props {
		if at[prop.Key] == i {
			kept = append(kept, prop)
		}
	}
	return kept
}

// file takes the properties of the file.
func (p *parser) file(props []Property) error {
	for _, prop := range props {
		p.lines[prop.Key] = prop.Line
	}
	for _, prop := range props {
		if err := p.property(prop); err != nil {
			return p.at(err, prop.Line)
		}
	}
	return nil
}

func (p *parser) property(prop Property) error {
	if isMembership(prop.Key) {
		if _, ok := p.lines["dynamicConfigFile"]; ok {
			return fmt.Errorf("%s: with dynamicConfigFile it belongs into that file", prop.Key)
		}
		p.dynamic = append(p.dynamic, prop)
		return nil
	}
	k, ok := lookUp(prop.Key)
	switch {
	case !ok:
		p.warn(prop.Line, "%s is ignored: neither this server nor Apache ZooKeeper 3.9 knows it", prop.Key)
	case k.from == bareFlag:
		p.warn(prop.Line, "%s is ignored, as Apache ZooKeeper ignores it in a file: -D%s=%s sets it", k.name, k.name, prop.Value)
	default:
		return p.use(k, prop)
	}
	return nil
}

// use gives a property to the key that it is for.
func (p *parser) use(k key, prop Property) error {
	if k.set == nil {
		name := prop.Key
		if prop.Line == 0 {
			name = "-D" + name
		}
		p.warn(prop.Line, "%s is ignored: %s", name, k.why)
		return nil
	}
	if err := k.set(p, prop.Value); err != nil {
		return fmt.Errorf("%s=%s: %w", prop.Key, shown(prop), err)
	}
	return nil
}

// shown is the value of a property for a message, which must tell no secret.
func shown(prop Property) string {
	if lower := strings.ToLower(prop.Key); strings.Contains(lower, "password") || strings.Contains(lower, "digest") {
		return "…"
	}
	return prop.Value
}

// flags takes the system properties. The file has the last word, as in Java, where
// reading it sets them.
func (p *parser) flags(props []Property) error {
	for _, prop := range props {
		if err := p.flag(prop); err != nil {
			return &Error{File: "-D" + prop.Key, Reason: err.Error()}
		}
	}
	return nil
}

func (p *parser) flag(prop Property) error {
	name, ours := strings.CutPrefix(prop.Key, "zookeeper.")
	k, ok := lookUp(name)
	_, inFile := p.lines[name]
	switch {
	case !ok && ours:
		p.warn(0, "-D%s is ignored: neither this server nor Apache ZooKeeper 3.9 knows it", prop.Key)
	case !ok || !ours && k.from == fileOnly: // Java's own, or of a library there
	case k.from == fileOnly:
		p.warn(0, "-D%s is ignored, as Apache ZooKeeper ignores it: %s belongs into the file", prop.Key, name)
	case ours && k.from == bareFlag:
		p.warn(0, "-D%s is ignored, as Apache ZooKeeper ignores it: -D%s sets it", prop.Key, name)
	case !ours && k.from == property:
		p.warn(0, "-D%s is ignored, as Apache ZooKeeper ignores it: -Dzookeeper.%s sets it", prop.Key, name)
	case ours && inFile:
		p.warn(p.lines[name], "%s takes the place of -D%s", name, prop.Key)
	default:
		return p.use(k, prop)
	}
	return nil
}

func (p *parser) warn(line int, format string, args ...any) {
	file := p.in.Name
	if line == 0 {
		file = ""
	}
	p.warnings = append(p.warnings, Warning{File: file, Line: line, Text: fmt.Sprintf(format, args...)})
}

// at gives an error its place in the file, unless it has one.
func (p *parser) at(err error, line int) error {
	if bad, ok := errors.AsType[*Error](err); ok {
		if bad.File == "" {
			bad.File = p.in.Name
		}
		return bad
	}
	return &Error{File: p.in.Name, Line: line, Reason: err.Error()}
}
