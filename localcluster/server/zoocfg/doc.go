// Package zoocfg reads the configuration of an Apache ZooKeeper server, zoo.cfg,
// as version 3.9 reads it: text in, a [Config] and warnings out.
//
// It promises that nothing in a file is passed over in silence. A key is honoured;
// or it is ignored, with a warning that names it and says why that does no harm
// here; or the file is refused, because what the key asks for cannot be had and
// its absence would change what the server means. A refusal names the file and the
// line. What Apache ZooKeeper refuses in [Parse]'s reach is refused here too.
//
// It opens no file and no socket by itself: the other files that a configuration
// names are asked for by a function that the caller gives.
package zoocfg
