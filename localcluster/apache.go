package localcluster

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// apache is Apache ZooKeeper, run by the Java of this machine.
type apache struct{}

func (apache) listens() bool { return false }

func (apache) links() error {
	return fmt.Errorf("%w: links between servers of Apache ZooKeeper cannot be cut yet; 'pause' and 'kill' work with them", ErrNotForEngine)
}

func (apache) check(dist string) error {
	if _, err := classpath(dist); err != nil { // what the user has named comes first
		return err
	}
	_, err := javaPath()
	return err
}

// prepare writes what a server reads at its start: zoo.cfg, myid, and where its log
// goes for each of the logging libraries that distributions come with.
func (apache) prepare(m member) error {
	data := filepath.Join(m.dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(m.client)
	if err != nil {
		return err
	}
	cfg := strings.Join([]string{
		"tickTime=2000", "initLimit=10", "syncLimit=5", "dataDir=" + data, "clientPort=" + port, "clientPortAddress=127.0.0.1",
		"admin.enableServer=false", "4lw.commands.whitelist=*", "maxClientCnxns=0", "extendedTypesEnabled=true", "",
	}, "\n")
	if len(m.peers) > 1 {
		for _, p := range m.peers {
			_, election, err := net.SplitHostPort(p.Election)
			if err != nil {
				return err
			}
			cfg += fmt.Sprintf("server.%d=%s:%s;%s\n", p.ID, p.Addr, election, p.Client)
		}
	}
	for name, text := range map[string]string{
		"zoo.cfg": cfg, "data/myid": fmt.Sprintln(m.id), "logback.xml": logbackXML, "log4j.properties": log4jProperties,
		"simplelogger.properties": "org.slf4j.simpleLogger.defaultLogLevel=warn\n",
	} {
		if err := writeWhole(filepath.Join(m.dir, name), []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

const logbackXML = `<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%d %-5p %c{1} %m%n</pattern></encoder></appender>
  <root level="WARN"><appender-ref ref="OUT"/></root>
</configuration>
`

const log4jProperties = `log4j.rootLogger=WARN, OUT
log4j.appender.OUT=org.apache.log4j.ConsoleAppender
log4j.appender.OUT.layout=org.apache.log4j.PatternLayout
log4j.appender.OUT.layout.ConversionPattern=%d %-5p %c{1} %m%n
`

// command runs java directly: the scripts of a distribution put processes between,
// which would be killed in its place. The heap is what those scripts allow. Znodes go
// by themselves as fast as on the embedded engine.
func (apache) command(m member, _ []*os.File) (*exec.Cmd, []byte, error) {
	java, err := javaPath()
	if err != nil {
		return nil, nil, err
	}
	cp, err := classpath(m.dist)
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(java, "-Xmx1000m", "-Dznode.container.checkIntervalMs=1000", "-cp", m.dir+string(os.PathListSeparator)+cp,
		"org.apache.zookeeper.server.quorum.QuorumPeerMain", filepath.Join(m.dir, "zoo.cfg"))
	cmd.Dir = m.dir
	return cmd, nil, nil
}

func javaPath() (string, error) {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		if java := filepath.Join(home, "bin", "java"); isFile(java) {
			return java, nil
		}
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return "", fmt.Errorf("%w: Apache ZooKeeper needs Java, and there is no java in JAVA_HOME or PATH; the embedded engine needs none", ErrNotHere)
	}
	return java, nil
}

// classpath finds a distribution: where dist or ZOOKEEPER_HOME says, or where
// packages put it.
func classpath(dist string) (string, error) {
	for _, named := range []struct{ what, dir string }{{"--dist", dist}, {"ZOOKEEPER_HOME", os.Getenv("ZOOKEEPER_HOME")}} {
		if named.dir == "" {
			continue
		}
		if cp, ok := jars(named.dir); ok {
			return cp, nil
		}
		return "", fmt.Errorf("%w: %s %s has no zookeeper-*.jar, neither itself nor in its lib", ErrNotHere, named.what, named.dir)
	}
	if debian := "/usr/share/java/zookeeper.jar"; isFile(debian) {
		// Its manifest names the jars it needs, but none that writes a log.
		return debian + ":/usr/share/java/slf4j-simple.jar", nil
	}
	for _, pattern := range []string{
		"/opt/zookeeper*", "/opt/apache-zookeeper*", "/usr/local/zookeeper*", "/usr/local/apache-zookeeper*", "/usr/share/zookeeper",
		"/opt/homebrew/opt/zookeeper/libexec", "/usr/local/opt/zookeeper/libexec",
	} {
		found, _ := filepath.Glob(pattern) // fails for a bad pattern only
		for i := len(found) - 1; i >= 0; i-- {
			if cp, ok := jars(found[i]); ok {
				return cp, nil
			}
		}
	}
	return "", fmt.Errorf("%w: no Apache ZooKeeper is found; install one ('apt-get install zookeeper', 'brew install zookeeper', or unpack a release from zookeeper.apache.org) "+
		"and name its folder with --dist or ZOOKEEPER_HOME if it is in an unusual place", ErrNotHere)
}

// jars returns the jars of the distribution in dir: a release as it is unpacked,
// with its jars in lib, or nothing but a folder of jars.
func jars(dir string) (string, bool) {
	for _, d := range []string{filepath.Join(dir, "lib"), dir} {
		found, _ := filepath.Glob(filepath.Join(d, "zookeeper-[0-9]*.jar")) // fails for a bad pattern only
		if len(found) > 0 {
			return filepath.Join(d, "*"), true // java expands it
		}
	}
	return "", false
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
