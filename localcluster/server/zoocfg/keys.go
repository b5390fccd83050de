package zoocfg

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// source says where Apache ZooKeeper looks for a key.
type source int

const (
	fileOnly source = iota // in the file, under this name
	property               // in the file under this name, or as -Dzookeeper.NAME
	bareFlag               // as -DNAME alone
)

// key is one that is known. One without set is ignored, for the reason why. A name
// that ends in * stands for all that begin so.
type key struct {
	name string
	from source
	set  func(p *parser, value string) error
	why  string
}

// lookUp finds a key.
func lookUp(name string) (key, bool) {
	for _, table := range [][]key{serverKeys, securityKeys, ignoredKeys} {
		for _, k := range table {
			if head, ok := strings.CutSuffix(k.name, "*"); k.name == name || ok && strings.HasPrefix(name, head) {
				return k, true
			}
		}
	}
	return key{}, false
}

// isMembership tells whether a key says who is in the ensemble.
func isMembership(name string) bool {
	return strings.HasPrefix(name, "server.") || strings.HasPrefix(name, "group") || strings.HasPrefix(name, "weight")
}

// serverKeys are those that say how the server works.
var serverKeys = []key{
	{name: "tickTime", set: func(p *parser, v string) error { return millis(&p.cfg.TickTime, v) }},
	{name: "initLimit", set: func(p *parser, v string) error { return whole(&p.cfg.InitLimit, v) }},
	{name: "syncLimit", set: func(p *parser, v string) error { return whole(&p.cfg.SyncLimit, v) }},
	{name: "dataDir", set: func(p *parser, v string) error { return file(&p.cfg.DataDir, v) }},
	{name: "dataLogDir", set: func(p *parser, v string) error { return file(&p.cfg.LogDir, v) }},
	{name: "clientPort", set: func(p *parser, v string) error { return port(&p.ports.client, v) }},
	{name: "clientPortAddress", set: func(p *parser, v string) error { return text(&p.clientAt.host, v) }},
	{name: "secureClientPort", set: func(p *parser, v string) error { return port(&p.ports.secure, v) }},
	{name: "secureClientPortAddress", set: func(p *parser, v string) error { return text(&p.clientAt.secureHost, v) }},
	{name: "maxClientCnxns", set: func(p *parser, v string) error { return atLeast0(&p.cfg.MaxConns, v) }},
	{name: "maxCnxns", from: property, set: func(p *parser, v string) error { return atLeast0(&p.cfg.MaxTotal, v) }},
	{name: "minSessionTimeout", set: func(p *parser, v string) error { return whole(&p.sessions.min, v) }},
	{name: "maxSessionTimeout", set: func(p *parser, v string) error { return whole(&p.sessions.max, v) }},
	{name: "peerType", set: setPeerType},
	{name: "dynamicConfigFile", set: func(p *parser, v string) error { return file(&p.cfg.DynamicFile, v) }},
	{name: "standaloneEnabled", set: func(p *parser, v string) error { return choice(&p.cfg.Standalone, v) }},
	{name: "reconfigEnabled", set: func(p *parser, v string) error { return choice(&p.cfg.Reconfig, v) }},
	{name: "quorumListenOnAllIPs", set: func(p *parser, v string) error { return choice(&p.cfg.ListenAll, v) }},
	{name: "zooctl.join", set: func(p *parser, v string) error { return choice(&p.cfg.Join, v) }},
	{name: "zooctl.secretFile", set: func(p *parser, v string) error { return file(&p.cfg.SecretFile, v) }},
	{name: "snapCount", from: property, set: setSnapCount},
	{name: "globalOutstandingLimit", from: property, set: func(p *parser, v string) error { return whole(&p.cfg.MaxOutstanding, v) }},
	{name: "4lw.commands.whitelist", from: property, set: setWords},
	{name: "admin.enableServer", from: property, set: func(p *parser, v string) error { return truth(&p.cfg.Admin.Enabled, v) }},
	{name: "admin.serverPort", from: property, set: func(p *parser, v string) error {
		p.cfg.Admin.Given = true
		return port(&p.cfg.Admin.Address.Port, v)
	}},
	{name: "admin.serverAddress", from: property, set: func(p *parser, v string) error { return text(&p.cfg.Admin.Address.Host, v) }},
	{name: "admin.commandURL", from: property, set: setAdminPath},
	{name: "admin.snapshot.enabled", from: property, set: func(p *parser, v string) error { return untruth(&p.cfg.Admin.NoSnapshot, v) }},
	{name: "admin.restore.enabled", from: property, set: func(p *parser, v string) error { return untruth(&p.cfg.Admin.NoRestore, v) }},
	{name: "admin.rateLimiterIntervalInMS", from: property, set: setAdminInterval},
	{name: "metricsProvider.className", set: setMetrics},
	{name: "metricsProvider.httpPort", set: func(p *parser, v string) error { return port(&p.metrics.port, v) }},
	{name: "metricsProvider.httpHost", set: func(p *parser, v string) error { return text(&p.metrics.host, v) }},
	{name: "extendedTypesEnabled", from: property, set: func(p *parser, v string) error { return truth(&p.cfg.ExtendedTypes, v) }},
	{name: "enforceQuota", from: property, set: func(p *parser, v string) error { return truth(&p.cfg.EnforceQuota, v) }},
	{name: "forceSync", from: property, set: func(p *parser, v string) error {
		p.cfg.NoSync = v == "no" // nothing else turns it off
		return nil
	}},
	{name: "jute.maxbuffer", from: bareFlag, set: setMaxFrame},
	{name: "readonlymode.enabled", from: bareFlag, set: func(p *parser, v string) error { return truth(&p.cfg.ReadOnly, v) }},
	{name: "zooctl.oldDates", from: bareFlag, set: func(p *parser, v string) error { return truth(&p.cfg.OldDates, v) }},
	{name: "znode.container.checkIntervalMs", from: bareFlag, set: func(p *parser, v string) error { return millis(&p.cfg.ContainerInterval, v) }},
	{name: "electionAlg", set: func(_ *parser, v string) error {
		return only(v, "3", "Apache ZooKeeper has no other election either")
	}},
}

// securityKeys are those that say who may do what, and how that is shown.
var securityKeys = []key{
	{name: "ssl.keyStore.location", from: property, set: func(p *parser, v string) error { return file(&p.cfg.TLS.Key.Location, v) }},
	{name: "ssl.keyStore.type", from: property, set: func(p *parser, v string) error { return text(&p.cfg.TLS.Key.Type, v) }},
	{name: "ssl.keyStore.password", from: property, set: func(p *parser, v string) error { return text(&p.cfg.TLS.Key.Password, v) }},
	{name: "ssl.keyStore.passwordPath", from: property, set: func(p *parser, v string) error { return file(&p.stores.key, v) }},
	{name: "ssl.trustStore.location", from: property, set: func(p *parser, v string) error { return file(&p.cfg.TLS.Trust.Location, v) }},
	{name: "ssl.trustStore.type", from: property, set: func(p *parser, v string) error { return text(&p.cfg.TLS.Trust.Type, v) }},
	{name: "ssl.trustStore.password", from: property, set: func(p *parser, v string) error { return text(&p.cfg.TLS.Trust.Password, v) }},
	{name: "ssl.trustStore.passwordPath", from: property, set: func(p *parser, v string) error { return file(&p.stores.trust, v) }},
	{name: "ssl.clientAuth", from: property, set: setClientAuth},
	{name: "ssl.protocol", from: property, set: func(p *parser, v string) error {
		if len(p.cfg.TLS.Protocols) == 0 {
			p.cfg.TLS.Protocols = list(v)
		}
		return nil
	}},
	{name: "ssl.enabledProtocols", from: property, set: func(p *parser, v string) error {
		p.cfg.TLS.Protocols = list(v)
		return nil
	}},
	{name: "ssl.ciphersuites", from: property, set: func(p *parser, v string) error {
		p.cfg.TLS.Ciphers = list(v)
		return nil
	}},
	{name: "ssl.crl", from: property, set: refuseTrue("certificates are not looked up in revocation lists here")},
	{name: "ssl.ocsp", from: property, set: refuseTrue("certificates are not asked about by OCSP here")},
	{name: "ssl.clientHostnameVerification", from: property, set: refuseTrue("the host names of clients are not verified here")},
	{name: "ssl.authProvider", from: property, set: func(_ *parser, v string) error {
		return only(v, "x509", "no other identity is taken from a certificate here")
	}},
	{name: "ssl.context.supplier.class", from: property, set: refuse("a Java class cannot be run here")},
	{name: "client.portUnification", from: property, set: refuseTrue("a port takes clients with TLS or clients without it here: secureClientPort is one for TLS")},
	{name: "sslQuorum", set: refuseTrue("servers do not speak TLS with each other here; they prove to know a secret, see zooctl.secretFile")},
	{name: "portUnification", set: refuseTrue("servers do not speak TLS with each other here; they prove to know a secret, see zooctl.secretFile")},
	{name: "quorum.auth.enableSasl", set: refuseTrue("servers do not speak SASL with each other here; they prove to know a secret, see zooctl.secretFile")},
	{name: "oraclePath", set: refuse("an ensemble of two with an oracle cannot be had here")},
	{name: "authProvider.*", from: property, set: setAuthProvider},
	{name: "DigestAuthenticationProvider.superDigest", from: property, set: setSuperDigest},
	{name: "DigestAuthenticationProvider.enabled", from: property, set: refuseFalse("the scheme digest is always there")},
	{name: "DigestAuthenticationProvider.digestAlg", from: property, set: func(_ *parser, v string) error {
		return only(v, "SHA1", "passwords are hashed with SHA-1 here, which is the default")
	}},
	{name: "SASLAuthenticationProvider.superPassword", from: property, set: refuse("name the super user in DigestAuthenticationProvider.superDigest")},
	{name: "X509AuthenticationProvider.superUser", from: property, set: refuse("name the super user in DigestAuthenticationProvider.superDigest")},
	{name: "superUser", from: property, set: refuse("name the super user in DigestAuthenticationProvider.superDigest")},
	{name: "letAnySaslUserDoX", from: property, set: refuse("name the super user in DigestAuthenticationProvider.superDigest")},
	{name: "IPAuthenticationProvider.usexforwardedfor", from: property, set: refuseTrue("the AdminServer's commands ask for no ip identity here")},
	{name: "skipACL", from: property, set: func(p *parser, v string) error {
		p.cfg.SkipACL = v == "yes" // nothing else turns it on
		return nil
	}},
	{name: "enforce.auth.enabled", from: property, set: refuseTrue("sessions without an identity cannot be refused here")},
	{name: "sessionRequireClientSASLAuth", from: property, set: refuseTrue("sessions without SASL cannot be refused here")},
	{name: "ensembleAuthName", from: property, set: refuse("the scheme ensemble is not known here")},
	{name: "sasl.serverconfig", from: property, set: func(p *parser, v string) error { return text(&p.sasl, v) }},
	{name: "requireKerberosConfig", from: property, set: refuseTrue("there is no Kerberos here")},
	{name: "java.security.auth.login.config", from: bareFlag, set: func(p *parser, v string) error { return file(&p.jaas, v) }},
	{name: "snapshot.trust.empty", from: property, why: "a log without its snapshot is never trusted here"},
}

// ---- what a value may be

var errNumber = errors.New("it is not a whole number that fits")

func whole(n *int, v string) error {
	i, err := strconv.ParseInt(v, 10, 32)
	if err != nil {
		return errNumber
	}
	*n = int(i)
	return nil
}

func atLeast0(n *int, v string) error {
	if err := whole(n, v); err != nil {
		return err
	}
	*n = max(*n, 0) // "0 … removes the limit", and so does what is below it
	return nil
}

// millis takes milliseconds.
func millis(d *time.Duration, v string) error {
	var n int
	if err := whole(&n, v); err != nil {
		return err
	}
	*d = time.Duration(n) * time.Millisecond
	return nil
}

func port(n *int, v string) error {
	if err := whole(n, v); err != nil || *n < 0 || *n > 65535 {
		return errors.New("it is not a port, 0 to 65535")
	}
	return nil
}

func text(s *string, v string) error {
	*s = v
	return nil
}

func file(s *string, v string) error {
	if v == "" {
		return errors.New("it names no file")
	}
	return text(s, v)
}

// choice is a boolean of a key that Apache ZooKeeper checks.
func choice(b *bool, v string) error {
	switch strings.ToLower(v) {
	case "true":
		*b = true
	case "false":
		*b = false
	default:
		return errors.New("it is neither true nor false")
	}
	return nil
}

// truth is a boolean of a key that becomes a system property: all but true is false.
func truth(b *bool, v string) error {
	*b = strings.EqualFold(v, "true")
	return nil
}

// untruth is truth for a setting that is kept the other way round.
func untruth(b *bool, v string) error {
	*b = !strings.EqualFold(v, "true")
	return nil
}

func setAdminInterval(p *parser, v string) error {
	d := &p.cfg.Admin.Interval
	if err := millis(d, v); err != nil {
		return err
	}
	if *d == 0 {
		*d = -1 // none, where 0 is the usual
	}
	return nil
}

func only(v, want, why string) error {
	if v != want {
		return fmt.Errorf("cannot be honoured: only %s can be: %s", want, why)
	}
	return nil
}

func refuse(why string) func(*parser, string) error {
	return func(*parser, string) error { return errors.New("cannot be honoured: " + why) }
}

func refuseTrue(why string) func(*parser, string) error {
	return func(_ *parser, v string) error {
		if strings.EqualFold(v, "true") {
			return errors.New("cannot be honoured: " + why)
		}
		return nil
	}
}

func refuseFalse(why string) func(*parser, string) error {
	return func(_ *parser, v string) error {
		if !strings.EqualFold(v, "true") {
			return errors.New("cannot be honoured: " + why)
		}
		return nil
	}
}

// list splits words that commas separate.
func list(v string) []string {
	var words []string
	for w := range strings.SplitSeq(v, ",") {
		if w = strings.TrimSpace(w); w != "" {
			words = append(words, w)
		}
	}
	return words
}

// ---- keys that need more

func setPeerType(p *parser, v string) error {
	switch strings.ToLower(v) {
	case "observer":
		p.cfg.Observer = true
	case "participant":
		p.cfg.Observer = false
	default:
		return errors.New("it is neither participant nor observer")
	}
	return nil
}

func setSnapCount(p *parser, v string) error {
	var n int
	if err := whole(&n, v); err != nil {
		return err
	}
	p.cfg.SnapCount = uint64(max(n, 2)) // as Apache ZooKeeper resets it
	return nil
}

func setMaxFrame(p *parser, v string) error {
	n, err := strconv.ParseInt(v, 0, 32)
	if err != nil || n < 1024 {
		return errors.New("it is not a number of bytes from 1024 to 2147483647")
	}
	p.cfg.MaxFrame = int(n)
	return nil
}

func setWords(p *parser, v string) error {
	p.cfg.Words = list(v)
	for _, w := range p.cfg.Words {
		if w == "*" {
			p.cfg.Words = []string{"*"}
			return nil
		}
	}
	p.cfg.Words = append(p.cfg.Words, "srvr") // always on: zkServer.sh depends on it
	return nil
}

func setAdminPath(p *parser, v string) error {
	if !strings.HasPrefix(v, "/") || len(v) < 2 {
		return errors.New("it is not a path that begins with /")
	}
	return text(&p.cfg.Admin.Path, strings.TrimSuffix(v, "/"))
}

func setMetrics(p *parser, v string) error {
	switch v {
	case "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider",
		"org.apache.zookeeper.metrics.impl.DefaultMetricsProvider",
		"org.apache.zookeeper.metrics.impl.NullMetricsProvider":
		return text(&p.metrics.class, v)
	}
	return errors.New("cannot be honoured: it is a Java class; org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider is known here")
}

func setClientAuth(p *parser, v string) error {
	switch v = strings.ToLower(v); v {
	case "need", "want", "none":
		return text(&p.cfg.TLS.Auth, v)
	}
	return errors.New("it is none of need, want and none")
}

func setAuthProvider(_ *parser, v string) error {
	head, name := v[:strings.LastIndex(v, ".")+1], v[strings.LastIndex(v, ".")+1:]
	if head == "org.apache.zookeeper.server.auth." {
		switch name {
		case "SASLAuthenticationProvider", "X509AuthenticationProvider", "DigestAuthenticationProvider", "IPAuthenticationProvider":
			return nil // always there
		}
	}
	return errors.New("cannot be honoured: it is a Java class")
}

func setSuperDigest(p *parser, v string) error {
	name, hash, ok := strings.Cut(v, ":")
	if !ok || name == "" || hash == "" {
		return errors.New("it is not of the form NAME:HASH")
	}
	return text(&p.cfg.SuperDigest, v)
}
