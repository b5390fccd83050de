package ops

import (
	"context"
	"errors"
	"fmt"

	"github.com/zooctl/zooctl/ops/wire"
)

// The ways in which an operation fails. Test for them with errors.Is; the text is
// for people.
var (
	ErrNoNode                  = errors.New("no such znode")
	ErrNodeExists              = errors.New("znode exists already")
	ErrNotEmpty                = errors.New("znode has children")
	ErrBadVersion              = errors.New("version does not match")
	ErrNoAuth                  = errors.New("not authorized")
	ErrNoChildrenForEphemerals = errors.New("ephemeral znodes cannot have children")
	ErrBadPath                 = errors.New("bad path")
	ErrTooLarge                = errors.New("value is too large")
	ErrInvalidACL              = errors.New("invalid ACL")
	ErrBadArguments            = errors.New("the server refused the arguments")
	ErrUnsupported             = errors.New("the server does not know this operation")
	ErrNotZooKeeper            = errors.New("the peer does not speak ZooKeeper's protocol")
	ErrNoServer                = errors.New("no server can be reached")
	ErrConnLost                = errors.New("connection lost; nothing was written")
	ErrOutcomeUnknown          = errors.New("connection lost with the write under way; it may have been applied")
	ErrSessionExpired          = errors.New("session expired")
	ErrSessionMoved            = errors.New("session moved to another connection")
	ErrTimeout                 = errors.New("timed out")
	ErrReadOnly                = errors.New("writing is not allowed here")
	ErrPreserved               = errors.New("refused: the servers need it")
	ErrClosed                  = errors.New("session is closed")
)

// Error says which operation failed, and where. Every error that leaves this
// package is one, so that no caller has to add the path again.
type Error struct {
	Op   string // as typed: "get", "create"
	Path string // of the znode, without the chroot; or the server, for "connect"
	Err  error
}

func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("%s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("%s %s: %v", e.Op, e.Path, e.Err)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// fail wraps err, unless it is nil or wrapped already.
func fail(op, path string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return &Error{op, path, err}
}

var sentinels = map[wire.Code]error{
	wire.CodeNoNode: ErrNoNode, wire.CodeNodeExists: ErrNodeExists, wire.CodeNotEmpty: ErrNotEmpty, wire.CodeBadVersion: ErrBadVersion,
	wire.CodeNoAuth: ErrNoAuth, wire.CodeAuthFailed: ErrNoAuth, wire.CodeSessionClosedRequireSASL: ErrNoAuth,
	wire.CodeNoChildrenForEphemerals: ErrNoChildrenForEphemerals, wire.CodeInvalidACL: ErrInvalidACL, wire.CodeBadArguments: ErrBadArguments,
	wire.CodeUnimplemented: ErrUnsupported, wire.CodeSessionExpired: ErrSessionExpired, wire.CodeSessionMoved: ErrSessionMoved,
	wire.CodeNotReadOnly: ErrReadOnly, wire.CodeOperationTimeout: ErrTimeout, wire.CodeRequestTimeout: ErrTimeout,
}

// codeError turns a server's code into an error: a sentinel where there is one,
// else the code, which has words too.
func codeError(c wire.Code) error {
	if c == wire.CodeOK {
		return nil
	}
	if err, ok := sentinels[c]; ok {
		return err
	}
	return c
}
