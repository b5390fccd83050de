package cmd

import (
	"time"

	"github.com/zooctl/zooctl/cmd/config"
)

// duration is the value of a flag that says how long: 1.5s, 300ms, 7d.
type duration time.Duration

// Set reads s.
func (d *duration) Set(s string) error {
	v, err := config.ParseDuration(s)
	if err == nil {
		*d = duration(v)
	}
	return err
}

// String writes d, and nothing for a duration that is not set.
func (d *duration) String() string {
	if *d == 0 {
		return ""
	}
	return time.Duration(*d).String()
}

// Type names the value in help.
func (d *duration) Type() string { return "duration" }
