//go:build !unix

package runner

import "context"

// Run returns ErrUnsupported: without process groups nobody can say when the
// last process of a command is gone, and so no lock would mean anything.
func Run(context.Context, Command, Lease) (Outcome, error) { return Outcome{}, ErrUnsupported }

// Supported says whether Run can run anything here.
func Supported() bool { return false }
