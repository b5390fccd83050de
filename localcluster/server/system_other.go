//go:build !linux && !darwin

package server

// systemVersion returns "": nothing here needs to know.
func systemVersion() string { return "" }

// descriptors returns false: the system does not tell in this way.
func descriptors() (open, limit int64, ok bool) { return 0, 0, false }
