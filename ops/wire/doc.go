// Package wire is the ZooKeeper client protocol: its frames, the records in
// them, and the numbers that stand for operations, errors and events.
//
// The same package serves both ends. The embedded server decodes requests and
// encodes replies, the client does the reverse, and tests compare the two with
// frames captured from Apache ZooKeeper.
//
// The package promises:
//
//   - Decoding never panics and never allocates more than the bytes it was
//     given can justify: a length is checked against what is left of the frame
//     before anything is made of it.
//   - A [Decoder] keeps its first error, so that a record decodes in straight
//     lines and is checked once, at the end.
//   - Encoding appends to a slice of the caller's and allocates nothing else.
//
// It never touches a socket except to read one frame ([ReadFrame]), and it
// knows nothing of sessions, trees or retries.
//
// Records are Apache ZooKeeper's "jute" serialisation: big-endian integers, a
// byte for a bool, and a 32-bit length before a string, a buffer or a vector. A
// length of -1 stands for null, which buffers keep apart from empty.
package wire
