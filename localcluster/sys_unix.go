//go:build linux || darwin

package localcluster

import (
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// supported tells whether local clusters work on this system.
func supported() error { return nil }

// detach gives a supervisor a session of its own: the terminal of its owner, and
// the keys pressed there, are not its business.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// terminate asks a process to end.
func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// suspend stops a process where it is; nothing that it does can prevent that.
func suspend(p *os.Process) error { return p.Signal(syscall.SIGSTOP) }

// proceed lets a suspended process go on.
func proceed(p *os.Process) error { return p.Signal(syscall.SIGCONT) }

// peerUID returns the user at the other end of a Unix socket.
func peerUID(c *net.UnixConn) (uid int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	if e := raw.Control(func(fd uintptr) { uid, err = socketUser(int(fd)) }); e != nil {
		return 0, e
	}
	return uid, err
}

// closeInherited closes what the owner's shell had open and let its children have:
// a supervisor that stays must not keep someone's pipe or flock open. Descriptors of
// this process's own are marked to close on exec, and so are told apart.
func closeInherited() {
	dir, err := os.Open("/dev/fd")
	if err != nil {
		return // without a list there is nothing to go by
	}
	names, _ := dir.Readdirnames(-1) // a part of the list is better than none
	_ = dir.Close()
	for _, name := range names {
		fd, err := strconv.Atoi(name)
		if err != nil || fd <= 2 {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			_ = unix.Close(fd)
		}
	}
}
