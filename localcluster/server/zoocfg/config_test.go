package zoocfg_test

import (
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/zooctl/zooctl/localcluster/server/zoocfg"
)

// files are the other files that a configuration names.
type files map[string]string

func (f files) read(name string) (string, error) {
	text, ok := f[name]
	if !ok {
		return "", &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return text, nil
}

func parse(text string, f files, flags ...zoocfg.Property) (*zoocfg.Config, []zoocfg.Warning, error) {
	return zoocfg.Parse(zoocfg.Input{Name: "zoo.cfg", Text: text, Flags: flags, Read: f.read})
}

const single = "dataDir=/d\nclientPort=2181\n"

// TestDefaults are those of Apache ZooKeeper 3.9 for a file with nothing but what
// it must say.
func TestDefaults(t *testing.T) {
	got, warnings, err := parse(single, nil)
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	want := &zoocfg.Config{
		TickTime: 3 * time.Second, DataDir: "/d", Client: &zoocfg.Address{Port: 2181}, MaxConns: 60,
		MinTimeout: 6 * time.Second, MaxTimeout: time.Minute, MaxFrame: 1048575, MaxOutstanding: 1000, SnapCount: 100_000,
		Standalone: true, Words: []string{"srvr"}, Admin: zoocfg.Admin{Enabled: true, Address: zoocfg.Address{Port: 8080}, Path: "/commands"},
		TLS: zoocfg.TLS{Auth: "need"}, ContainerInterval: time.Minute, Text: single,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestKeys takes each key that is honoured and looks for what it sets.
func TestKeys(t *testing.T) {
	for _, c := range []struct {
		line string
		show func(c *zoocfg.Config) any
		want any
	}{
		{"tickTime=2000", func(c *zoocfg.Config) any { return c.TickTime }, 2 * time.Second},
		{"dataLogDir=/l", func(c *zoocfg.Config) any { return c.LogDir }, "/l"},
		{"clientPortAddress=::1", func(c *zoocfg.Config) any { return *c.Client }, zoocfg.Address{Host: "::1", Port: 2181}},
		{"maxClientCnxns=5", func(c *zoocfg.Config) any { return c.MaxConns }, 5},
		{"maxClientCnxns=0", func(c *zoocfg.Config) any { return c.MaxConns }, 0},
		{"maxClientCnxns=-1", func(c *zoocfg.Config) any { return c.MaxConns }, 0},
		{"maxCnxns=7", func(c *zoocfg.Config) any { return c.MaxTotal }, 7},
		{"minSessionTimeout=1000", func(c *zoocfg.Config) any { return c.MinTimeout }, time.Second},
		{"maxSessionTimeout=7000", func(c *zoocfg.Config) any { return c.MaxTimeout }, 7 * time.Second},
		{"snapCount=1", func(c *zoocfg.Config) any { return c.SnapCount }, uint64(2)},
		{"globalOutstandingLimit=9", func(c *zoocfg.Config) any { return c.MaxOutstanding }, 9},
		{"4lw.commands.whitelist=stat, ruok", func(c *zoocfg.Config) any { return c.Words }, []string{"stat", "ruok", "srvr"}},
		{"4lw.commands.whitelist=stat,*", func(c *zoocfg.Config) any { return c.Words }, []string{"*"}},
		{"admin.enableServer=false", func(c *zoocfg.Config) any { return c.Admin.Enabled }, false},
		{"admin.serverPort=8081", func(c *zoocfg.Config) any { return c.Admin.Address.Port }, 8081},
		{"admin.commandURL=/zk/", func(c *zoocfg.Config) any { return c.Admin.Path }, "/zk"},
		{"metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider\nmetricsProvider.httpPort=7001",
			func(c *zoocfg.Config) any { return *c.Metrics }, zoocfg.Address{Port: 7001}},
		{"extendedTypesEnabled=true", func(c *zoocfg.Config) any { return c.ExtendedTypes }, true},
		{"enforceQuota=TRUE", func(c *zoocfg.Config) any { return c.EnforceQuota }, true},
		{"skipACL=yes", func(c *zoocfg.Config) any { return c.SkipACL }, true},
		{"skipACL=true", func(c *zoocfg.Config) any { return c.SkipACL }, false},
		{"forceSync=no", func(c *zoocfg.Config) any { return c.NoSync }, true},
		{"reconfigEnabled=true", func(c *zoocfg.Config) any { return c.Reconfig }, true},
		{"peerType=observer", func(c *zoocfg.Config) any { return c.Observer }, true},
		{"quorumListenOnAllIPs=true", func(c *zoocfg.Config) any { return c.ListenAll }, true},
		{"DigestAuthenticationProvider.superDigest=super:abc=", func(c *zoocfg.Config) any { return c.SuperDigest }, "super:abc="},
		{"ssl.clientAuth=WANT", func(c *zoocfg.Config) any { return c.TLS.Auth }, "want"},
		{"ssl.enabledProtocols=TLSv1.2,TLSv1.3", func(c *zoocfg.Config) any { return c.TLS.Protocols }, []string{"TLSv1.2", "TLSv1.3"}},
		{"secureClientPort=2281\nssl.clientAuth=none\nssl.keyStore.location=/k.pem\nssl.keyStore.passwordPath=/pw",
			func(c *zoocfg.Config) any { return c.TLS.Key }, zoocfg.Store{Location: "/k.pem", Password: "secret"}},
		{"zooctl.join=true", func(c *zoocfg.Config) any { return c.Join }, true},
		{"zooctl.secretFile=/s", func(c *zoocfg.Config) any { return c.SecretFile }, "/s"},
		{"authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider", func(c *zoocfg.Config) any { return len(c.SASLUsers) }, 0},
		{"sslQuorum=false", func(c *zoocfg.Config) any { return c.DataDir }, "/d"},
		{"dataDir=/other", func(c *zoocfg.Config) any { return c.DataDir }, "/other"},
	} {
		got, warnings, err := parse(single+c.line, files{"/pw": "secret\n"})
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, %v", c.line, warnings, err)
			continue
		}
		if !reflect.DeepEqual(c.show(got), c.want) {
			t.Errorf("%s gives %v, want %v", c.line, c.show(got), c.want)
		}
	}
}

// TestWarnings: what has no effect is named with its line and the reason.
func TestWarnings(t *testing.T) {
	for line, want := range map[string]string{
		"autopurge.purgeInterval=1":      "zoo.cfg:3: autopurge.purgeInterval is ignored: the last two snapshots are kept",
		"jute.maxbuffer=5000":            "zoo.cfg:3: jute.maxbuffer is ignored, as Apache ZooKeeper ignores it in a file: -Djute.maxbuffer=5000 sets it",
		"nonsense=1":                     "zoo.cfg:3: nonsense is ignored: neither this server nor Apache ZooKeeper 3.9 knows it",
		"server.1=a:1:2":                 "zoo.cfg:3: server.N is ignored, as Apache ZooKeeper ignores it where there is only one",
		"ssl.quorum.keyStore.location=x": "zoo.cfg:3: ssl.quorum.keyStore.location is ignored: it concerns TLS between servers",
		"preAllocSize=1":                 "zoo.cfg:3: preAllocSize is ignored: ",
		"leaderServes=no":                "zoo.cfg:3: leaderServes is ignored: ",
	} {
		_, warnings, err := parse(single+line, nil)
		if err != nil || len(warnings) != 1 || !strings.HasPrefix(warnings[0].String(), want) {
			t.Errorf("%s: %v, %v, want %q", line, warnings, err, want)
		}
	}
}

// TestRefusals: what cannot be had, and would be missed, is refused, and so is what
// Apache ZooKeeper refuses. The place of the fault is named.
func TestRefusals(t *testing.T) {
	ensemble := "dataDir=/d\nclientPort=1\ninitLimit=5\nsyncLimit=2\nserver.1=a:1:2\nserver.2=b:1:2\n"
	me := files{"/d/myid": "1\n"}
	for _, c := range []struct{ text, want string }{
		{"clientPort=1", "zoo.cfg: dataDir is not set"},
		{"dataDir=/d", "zoo.cfg: neither clientPort nor secureClientPort is set"},
		{"dataDir=\n", "zoo.cfg:1: dataDir=: it names no file"},
		{single + "tickTime=0", "zoo.cfg:3: tickTime is not above 0"},
		{single + "tickTime=2s", "zoo.cfg:3: tickTime=2s: it is not a whole number that fits"},
		{single + "tickTime=99999999999", "zoo.cfg:3: tickTime=99999999999: it is not a whole number that fits"},
		{"dataDir=/d\nclientPort=70000", "zoo.cfg:2: clientPort=70000: it is not a port, 0 to 65535"},
		{"dataDir=/d\nclientPortAddress=x", "zoo.cfg:2: clientPortAddress is set but clientPort is not set"},
		{single + "minSessionTimeout=9\nmaxSessionTimeout=8", "zoo.cfg:3: minSessionTimeout must not be larger than maxSessionTimeout"},
		{single + "reconfigEnabled=yes", "zoo.cfg:3: reconfigEnabled=yes: it is neither true nor false"},
		{single + "electionAlg=1", "zoo.cfg:3: electionAlg=1: cannot be honoured: only 3 can be"},
		{single + "peerType=leader", "zoo.cfg:3: peerType=leader: it is neither participant nor observer"},
		{single + "sslQuorum=true", "zoo.cfg:3: sslQuorum=true: cannot be honoured: servers do not speak TLS"},
		{single + "quorum.auth.enableSasl=true", "zoo.cfg:3: quorum.auth.enableSasl=true: cannot be honoured"},
		{single + "authProvider.1=com.example.Mine", "zoo.cfg:3: authProvider.1=com.example.Mine: cannot be honoured: it is a Java class"},
		{single + "metricsProvider.className=com.example.Mine", "zoo.cfg:3: metricsProvider.className=com.example.Mine: cannot be honoured"},
		{single + "SASLAuthenticationProvider.superPassword=hush", "zoo.cfg:3: SASLAuthenticationProvider.superPassword=…: cannot be honoured"},
		{single + "secureClientPort=2281", "zoo.cfg:3: secureClientPort is set but ssl.keyStore.location is not"},
		{single + "secureClientPort=2281\nssl.keyStore.location=/k", "zoo.cfg:3: ssl.clientAuth is need but ssl.trustStore.location is not set"},
		{single + "a=\\u1", `zoo.cfg:3: \u wants four hexadecimal digits`},
		{single + "dynamicConfigFile=/x\nserver.1=a:1:2", "zoo.cfg:4: server.1: with dynamicConfigFile it belongs into that file"},
		{single + "dynamicConfigFile=/x", "zoo.cfg:3: open /x: file does not exist"},
		{single + "standaloneEnabled=false", "zoo.cfg: standaloneEnabled is false, and there is no server that votes"},
		{single + "server.1=a:1:2:observer", "zoo.cfg: observers need an ensemble"},
		{strings.Replace(ensemble, "initLimit=5", "", 1), "zoo.cfg: initLimit is not set"},
		{strings.Replace(ensemble, "syncLimit=2", "", 1), "zoo.cfg: syncLimit is not set"},
		{strings.Replace(ensemble, "dataDir=/d", "dataDir=/e", 1), "zoo.cfg: the file myid is missing in /e"},
		{strings.Replace(ensemble, "server.1", "server.3", 1), "zoo.cfg: this server's id is 1, and there is no server.1"},
		{strings.Replace(ensemble, "server.1", "server.x", 1), "zoo.cfg:5: server.x=a:1:2: the id is not a number above 0"},
		{strings.Replace(ensemble, "server.1", "server.128", 1), "zoo.cfg:5: server.128=a:1:2: cannot be honoured: ids go to 127 here"},
		{strings.Replace(ensemble, "a:1:2", "a:1", 1), "zoo.cfg:5: server.1=a:1: it is not of the form HOST:PORT:ELECTION"},
		{strings.Replace(ensemble, "a:1:2", "a:1:1", 1), "zoo.cfg:5: server.1=a:1:1: the two ports of a server must differ"},
		{strings.Replace(ensemble, "a:1:2", "a:1:2:learner", 1), `zoo.cfg:5: server.1=a:1:2:learner: "learner" is neither participant nor observer`},
		{strings.Replace(ensemble, "a:1:2", "a:1:2;9", 1), "zoo.cfg:2: the address for clients differs from that of server.1"},
		{ensemble + "group.1=1:2", "zoo.cfg:7: group.1=1:2: cannot be honoured: groups and weights"},
		{ensemble + "server.01=c:1:2", "zoo.cfg: two servers have the id 1"},
	} {
		cfg, _, err := parse(c.text, me)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %+v, %v, want %q", c.text, cfg, err, c.want)
		}
	}
	for _, id := range []string{"", "one\n", "0", "200"} {
		if _, _, err := parse(ensemble, files{"/d/myid": id}); err == nil || !strings.HasPrefix(err.Error(), "/d/myid:1: ") {
			t.Errorf("myid %q: %v", id, err)
		}
	}
}

// TestMembers reads the lines of an ensemble, in the file and in one of its own.
func TestMembers(t *testing.T) {
	lines := "server.2=[::1]:2888:3888:observer;[::2]:2182\nserver.1=a:2888:3888:participant;2181\nserver.3=b:2888:3888|c:2889:3889\nserver.4=d:1:2"
	want := []zoocfg.Member{
		{ID: 1, Host: "a", Port: 2888, Election: 3888, Client: &zoocfg.Address{Port: 2181}},
		{ID: 2, Host: "::1", Port: 2888, Election: 3888, Client: &zoocfg.Address{Host: "::2", Port: 2182}, Observer: true},
		{ID: 3, Host: "b", Port: 2888, Election: 3888},
		{ID: 4, Host: "d", Port: 1, Election: 2},
	}
	for name, c := range map[string]struct {
		text  string
		other files
	}{
		"in the file":   {"dataDir=/d\ninitLimit=5\nsyncLimit=2\n" + lines, files{"/d/myid": "2"}},
		"in its own":    {"dataDir=/d\ninitLimit=5\nsyncLimit=2\ndynamicConfigFile=/m", files{"/d/myid": "2\n", "/m": lines}},
		"port and line": {"dataDir=/d\ninitLimit=5\nsyncLimit=2\nclientPort=2182\n" + lines, files{"/d/myid": "2\n"}},
	} {
		got, _, err := parse(c.text, c.other)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(got.Members, want) || got.ID != 2 || !got.Observer || *got.Client != *want[1].Client {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if _, _, err := parse("dataDir=/d\nclientPort=1\ndynamicConfigFile=/m", files{"/m": "\ntickTime=1"}); err == nil ||
		err.Error() != "/m:2: tickTime does not belong into a dynamic configuration" {
		t.Error(err)
	}
}

// TestFlags: system properties have the names that Java knows them by, and the file
// has the last word.
func TestFlags(t *testing.T) {
	got, warnings, err := parse(single+"snapCount=500", nil,
		zoocfg.Property{Key: "zookeeper.snapCount", Value: "600"},
		zoocfg.Property{Key: "zookeeper.extendedTypesEnabled", Value: "true"},
		zoocfg.Property{Key: "jute.maxbuffer", Value: "0x400"},
		zoocfg.Property{Key: "readonlymode.enabled", Value: "true"},
		zoocfg.Property{Key: "znode.container.checkIntervalMs", Value: "100"},
		zoocfg.Property{Key: "zookeeper.tickTime", Value: "1"},
		zoocfg.Property{Key: "zookeeper.readonlymode.enabled", Value: "false"},
		zoocfg.Property{Key: "skipACL", Value: "yes"},
		zoocfg.Property{Key: "java.awt.headless", Value: "true"},
		zoocfg.Property{Key: "zookeeper.nonsense", Value: "true"},
		zoocfg.Property{Key: "zookeeper.root.logger", Value: "INFO"})
	if err != nil || got.SnapCount != 500 || !got.ExtendedTypes || got.MaxFrame != 1024 || !got.ReadOnly || got.SkipACL ||
		got.ContainerInterval != 100*time.Millisecond || got.TickTime != 3*time.Second {
		t.Errorf("%+v, %v", got, err)
	}
	var said []string
	for _, w := range warnings {
		said = append(said, w.String())
	}
	want := []string{
		"zoo.cfg:3: snapCount takes the place of -Dzookeeper.snapCount",
		"-Dzookeeper.tickTime is ignored, as Apache ZooKeeper ignores it: tickTime belongs into the file",
		"-Dzookeeper.readonlymode.enabled is ignored, as Apache ZooKeeper ignores it: -Dreadonlymode.enabled sets it",
		"-DskipACL is ignored, as Apache ZooKeeper ignores it: -Dzookeeper.skipACL sets it",
		"-Dzookeeper.nonsense is ignored: neither this server nor Apache ZooKeeper 3.9 knows it",
		"-Dzookeeper.root.logger is ignored: messages go to standard error",
	}
	if !reflect.DeepEqual(said, want) {
		t.Errorf("warnings %q\nwant %q", said, want)
	}
	if _, _, err := parse(single, nil, zoocfg.Property{Key: "jute.maxbuffer", Value: "1"}); err == nil {
		t.Error("jute.maxbuffer=1 is taken")
	}
}

// TestUsers reads the names and passwords for SASL.
func TestUsers(t *testing.T) {
	const jaas = `// a comment
Client { com.example.Other required x=y; };
/* another
*/
Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
    user_super="super_secret"
    user_bob = 'b\'s "word"' ;
};`
	flag := zoocfg.Property{Key: "java.security.auth.login.config", Value: "/jaas"}
	got, _, err := parse(single, files{"/jaas": jaas}, flag)
	want := map[string]string{"super": "super_secret", "bob": `b's "word"`}
	if err != nil || !reflect.DeepEqual(got.SASLUsers, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	if got, _, err = parse(single, files{"/jaas": ""}, flag); err != nil || got.SASLUsers != nil {
		t.Errorf("an empty file: %v, %v", got, err)
	}
	for text, want := range map[string]string{
		"Server {\n com.sun.security.auth.module.Krb5LoginModule required;\n};": "/jaas:2: com.sun.security.auth.module.Krb5LoginModule cannot be honoured",
		"Server {": "/jaas:1: a section does not end",
		"Server x": `/jaas:1: "{" is missing`,
		"\n/* x":   "/jaas:2: a comment does not end",
		"Server { a.DigestLoginModule required user_a=\"x": "/jaas:1: a quote does not end",
		"Server { a.DigestLoginModule required user_a":     `/jaas:1: "=" is missing`,
	} {
		if _, _, err := parse(single, files{"/jaas": text}, flag); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzParse: no text makes the parser fail otherwise than with an error that names
// its file, and what it takes makes sense.
func FuzzParse(f *testing.F) {
	f.Add(single, "server.1=a:1:2\nserver.2=b:1:2", `Server { a.DigestLoginModule required user_x="y"; };`)
	f.Add(single+"initLimit=1\nsyncLimit=1\ndynamicConfigFile=/m\n", "server.1=[::1]:1:2:observer;[::]:4\nserver.2=b|c:1:2", "/*")
	f.Add("a\\\n=\\u0041:\\", "group.1=1", "{};=\"")
	f.Fuzz(func(t *testing.T, text, members, jaas string) {
		other := files{"/m": members, "/d/myid": "1", "/j": jaas}
		cfg, _, err := parse(text, other, zoocfg.Property{Key: "java.security.auth.login.config", Value: "/j"})
		if err != nil {
			if _, ok := err.(*zoocfg.Error); !ok || err.Error() == "" {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		if cfg.DataDir == "" || cfg.TickTime <= 0 || cfg.MinTimeout > cfg.MaxTimeout || cfg.Client == nil && cfg.Secure == nil {
			t.Fatalf("%+v", cfg)
		}
		for _, m := range cfg.Members {
			if m.ID < 1 || m.ID > zoocfg.MaxID || m.Host == "" || m.Port < 1 || m.Election < 1 {
				t.Fatalf("%+v", m)
			}
		}
	})
}
