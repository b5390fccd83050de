//go:build !linux && !darwin

package shell

import "context"

// Interactive reads lines from a terminal and runs them. On this system they are not
// edited here, but by the terminal.
func (s *Shell) Interactive(ctx context.Context) int {
	s.typed = openHistory(s.History)
	return s.plain(ctx)
}
