package config

import (
	"errors"
	"math"
	"strings"
	"time"
)

var errDuration = errors.New("not a duration such as 1.5s, 300ms, 2m or 7d")

// ParseDuration reads a duration in the form of time.ParseDuration, which may
// begin with a number of days: "7d", "1d12h", "0.5d". It is never negative.
func ParseDuration(s string) (time.Duration, error) {
	var sum time.Duration
	if days, rest, ok := strings.Cut(s, "d"); ok {
		// The library reads the number of days as one of hours: the same
		// form, and at most a 24th of what a duration can hold.
		d, err := time.ParseDuration(days + "h")
		if err != nil || strings.Trim(days, "0123456789.") != "" || d > math.MaxInt64/24 {
			return 0, errDuration
		}
		sum, s = 24*d, rest
		if s == "" {
			s = "0"
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || sum < 0 || d > math.MaxInt64-sum {
		return 0, errDuration
	}
	return sum + d, nil
}
