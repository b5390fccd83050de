package localcluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// owner is the side of a supervisor that started it.
type owner struct {
	cmd   *exec.Cmd
	stdin io.Closer
	done  chan struct{} // closed when the supervisor is gone
}

// launch starts a supervisor and returns when its cluster is ready. The end of ctx
// before that ends the supervisor.
func launch(ctx context.Context, o order) (*owner, *Status, error) {
	cmd, err := again(roleSupervisor, "supervisor "+o.State.Name)
	if err != nil {
		return nil, nil, err
	}
	detach(cmd)
	cmd.Dir = "/"
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, ctx.Err()); err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	own := &owner{cmd: cmd, stdin: stdin, done: make(chan struct{})}
	stop := context.AfterFunc(ctx, func() { _ = stdin.Close() })
	defer stop()
	var rep report
	err = json.NewEncoder(stdin).Encode(o)
	if e := json.NewDecoder(stdout).Decode(&rep); e != nil {
		err = fmt.Errorf("the supervisor ended without a word: %w", errors.Join(err, e))
	} else if rep.Fault != nil {
		err = rep.Fault.err()
	} else {
		err = nil
	}
	go func() { // ends with the supervisor, or with this process
		_ = cmd.Wait() // how it ended is for its log
		close(own.done)
	}()
	if err == nil {
		err = ctx.Err() // stdin is closed then, or about to be
	}
	if err != nil {
		_ = stdin.Close() // it may be closed
		<-own.done
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, nil, err
	}
	return own, rep.Status, nil
}

// release lets the supervisor go on without its owner.
func (o *owner) release() { _ = o.stdin.Close() }

// end lets the supervisor of a temporary cluster clear up, and waits for it.
func (o *owner) end(ctx context.Context) error {
	_ = o.stdin.Close() // it may be closed
	select {
	case <-o.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
