package localcluster

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
)

// childEnv tells a process that it was started to be a supervisor or a server.
const childEnv = "ZOOCTL_CHILD"

const (
	roleSupervisor = "supervisor"
	roleServer     = "server"
)

// called is set once Child has been: only then will a second run of this
// executable become what it is asked to be.
var called atomic.Bool

// Child must be called first in main, and in TestMain. If this process was started
// to be a supervisor or a server, it is one until it ends: Child then returns its
// exit code and true, and the caller exits with it. The variable that says so is
// removed at once, so that no further process inherits it.
func Child() (code int, ok bool) {
	called.Store(true)
	role := os.Getenv(childEnv)
	_ = os.Unsetenv(childEnv) // fails for names that are not one only
	switch role {
	case roleSupervisor:
		return supervisorMain(), true
	case roleServer:
		return serverMain(), true
	}
	return 0, false
}

// again returns a command that runs this program again in a role. title is what
// process lists show.
func again(role, title string) (*exec.Cmd, error) {
	if !called.Load() {
		return nil, errors.New("this program does not call localcluster.Child first, so it cannot be its own server")
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe)
	cmd.Args = append([]string{"zooctl"}, strings.Fields(title)...)
	cmd.Env = append(os.Environ(), childEnv+"="+role)
	return cmd, nil
}
