package tree

import "strings"

// parent returns the path above path; that of "/" is "/".
func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

// base returns the name behind the last slash. It shares path's memory.
func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// validPath tells whether path may name a znode, by the rules of Apache
// ZooKeeper's PathUtils: absolute, no trailing slash, no empty, "." or ".." name,
// and none of the characters that it refuses. Java counts in UTF-16, where a
// character beyond the basic plane is two surrogates, which it refuses too.
func validPath(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	if path == "/" {
		return true
	}
	for name := range strings.SplitSeq(path[1:], "/") {
		if name == "" || name == "." || name == ".." {
			return false
		}
	}
	for _, r := range path { // bytes that are no UTF-8 come as U+FFFD, which is refused
		if r <= 0x1f || r >= 0x7f && r <= 0x9f || r >= 0xd800 && r <= 0xf8ff || r >= 0xfff0 {
			return false
		}
	}
	return true
}

// special tells whether a znode is one that cannot be deleted: "delete "/" ,
// "/zookeeper", "/zookeeper/quota" -> -8", and the configuration with them.
func special(path string) bool {
	switch path {
	case "/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config":
		return true
	}
	return false
}
