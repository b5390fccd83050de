//go:build !linux && !darwin

package localcluster

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
)

func supported() error {
	return fmt.Errorf("%w: local clusters need Linux or macOS, this is %s; --servers works with an ensemble elsewhere", ErrNotHere, runtime.GOOS)
}

// The rest is never reached where local clusters are not supported.

func detach(*exec.Cmd)                   {}
func tether(*exec.Cmd)                   {}
func terminate(p *os.Process) error      { return p.Kill() }
func suspend(*os.Process) error          { return supported() }
func proceed(*os.Process) error          { return supported() }
func isSuspended(int) bool               { return false }
func peerUID(*net.UnixConn) (int, error) { return 0, supported() }
func closeInherited()                    {}
func park(string) (io.Closer, error)     { return nil, supported() }
