package localcluster

import (
	"os/exec"
	"path/filepath"
)

// ApacheServer returns a server of Apache ZooKeeper with a configuration, and with
// options of Java, whose log settings are in the folder of the configuration.
func ApacheServer(cfg string, flags ...string) (*exec.Cmd, error) {
	dir := filepath.Dir(cfg)
	if err := (apache{}).prepare(member{dir: dir, client: "127.0.0.1:1"}); err != nil {
		return nil, err
	}
	cmd, _, err := apache{}.command(member{dir: dir}, nil)
	if err != nil {
		return nil, err
	}
	last := len(cmd.Args) - 2 // the class and the configuration
	cmd.Args = append(append(append([]string{}, cmd.Args[:last]...), flags...), cmd.Args[last], cfg)
	return cmd, nil
}
