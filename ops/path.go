package ops

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// CheckPath tells what is wrong with a path before a server is asked. The rules
// are Apache ZooKeeper's: absolute, no empty, "." or ".." name, no trailing slash,
// no control characters, nothing beyond the basic plane or in its private and
// special ranges.
func CheckPath(path string) error {
	if err := checkPath(path); err != nil {
		return fmt.Errorf("%w: %w", ErrBadPath, err)
	}
	return nil
}

func checkPath(path string) error {
	switch {
	case path == "":
		return fmt.Errorf("it is empty")
	case path[0] != '/':
		return fmt.Errorf("it does not begin with /")
	case path == "/":
		return nil
	case strings.HasSuffix(path, "/"):
		return fmt.Errorf("it ends with /")
	case !utf8.ValidString(path):
		return fmt.Errorf("it is not UTF-8")
	}
	for name := range strings.SplitSeq(path[1:], "/") {
		switch name {
		case "":
			return fmt.Errorf("it has an empty part")
		case ".", "..":
			return fmt.Errorf("it has a part %q", name)
		}
	}
	for _, r := range path {
		if r <= 0x1f || r >= 0x7f && r <= 0x9f || r >= 0xd800 && r <= 0xf8ff || r >= 0xfff0 {
			return fmt.Errorf("it has the character %U, which ZooKeeper refuses", r)
		}
	}
	return nil
}

// Join returns the path of a child.
func Join(parent, name string) string {
	if parent == "/" {
		return "/" + name
	}
	return parent + "/" + name
}

// Parent returns the path above path; that of "/" is "/".
func Parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

// Base returns the name behind the last slash, or "/" for the root.
func Base(path string) string {
	if path == "/" {
		return path
	}
	return path[strings.LastIndexByte(path, '/')+1:]
}

// under returns path below chroot, which is "" or a path.
func under(chroot, path string) string {
	switch {
	case chroot == "":
		return path
	case path == "/":
		return chroot
	}
	return chroot + path
}

// outside undoes under.
func outside(chroot, path string) string {
	if path = strings.TrimPrefix(path, chroot); path == "" {
		return "/"
	}
	return path
}
