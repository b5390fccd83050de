package localcluster

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// tether has the kernel kill a server when the supervisor ends in whatever way, also
// one that is stopped and cannot notice the end of its input. It counts for the
// thread that starts the server, see [starter].
func tether(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

func socketUser(fd int) (int, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, err
	}
	return int(cred.Uid), nil
}
