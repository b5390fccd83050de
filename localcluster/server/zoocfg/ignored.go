package zoocfg

// Why whole families of keys do no harm by being ignored.
const (
	noJVM       = "this server runs in no Java virtual machine"
	ownNet      = "this server has one way with connections, which needs no tuning"
	ownLog      = "the log here grows as it is written"
	ownQuorum   = "servers here have their own clock among themselves, and find out within a second that one is gone"
	ownTLS      = "it concerns TLS between servers, which is not spoken here"
	ownMemory   = "it tunes a buffer or cache that this server does not have"
	kerberos    = "it concerns Kerberos, which is not spoken here"
	sasl        = "it concerns SASL between servers, which is not spoken here"
	ownSnaps    = "the last two snapshots are kept, and the log that follows them"
	throttle    = "it tunes a throttle that is off unless asked for"
	pathStats   = "it concerns statistics that only Apache ZooKeeper's four-letter words of that kind show"
	oneSession  = "sessions are always known to the whole ensemble, which promises more"
	logsStderr  = "messages go to standard error"
	checksums   = "every record of the log and of a snapshot has a checksum, always"
	oneAdmin    = "the AdminServer speaks plain HTTP/1.1 here"
	alwaysCheck = "it tunes how Apache ZooKeeper finds requests of clients that are gone; here they end with their connection"
)

// ignoredKeys are those without effect here.
var ignoredKeys = []key{
	{name: "autopurge.*", why: ownSnaps},
	{name: "syncEnabled", why: "observers here always keep a log"},
	{name: "observer.syncEnabled", from: property, why: "observers here always keep a log"},
	{name: "localSessionsEnabled", why: oneSession},
	{name: "localSessionsUpgradingEnabled", why: oneSession},
	{name: "clientPortListenBacklog", why: ownNet},
	{name: "serverCnxnFactory", from: property, why: ownNet},
	{name: "observerMasterPort", why: "observers follow the leader here"},
	{name: "connectToLearnerMasterLimit", why: ownQuorum},
	{name: "cnxTimeout", from: property, why: ownQuorum},
	{name: "quorumCnxnTimeoutMs", from: property, why: ownQuorum},
	{name: "electionPortBindRetry", from: property, why: "there is no election port here: servers use one port among themselves"},
	{name: "fastleader.*", from: property, why: ownQuorum},
	{name: "leader.nodelay", from: bareFlag, why: ownNet},
	{name: "follower.nodelay", from: bareFlag, why: ownNet},
	{name: "leader.*", from: property, why: ownQuorum},
	{name: "learner.*", from: property, why: ownQuorum},
	{name: "follower.*", from: property, why: ownQuorum},
	{name: "observer.*", from: property, why: ownQuorum},
	{name: "observerMaster.*", from: property, why: "observers follow the leader here"},
	{name: "leaderConnectDelayDuringRetryMs", from: property, why: ownQuorum},
	{name: "leaderServes", from: property, why: "the leader here always serves clients"},
	{name: "forward_learner_requests_to_commit_processor_disabled", from: property, why: ownQuorum},
	{name: "forceSnapshotSync", from: property, why: ownQuorum},
	{name: "multiAddress.*", why: "of several addresses of a server, the first is used"},
	{name: "quorum.auth.*", why: sasl},
	{name: "quorum.cnxn.threads.size", why: sasl},
	{name: "sslQuorumReloadCertFiles", why: ownTLS},
	{name: "ssl.quorum.*", from: property, why: ownTLS},
	{name: "ssl.hostnameVerification", from: property, why: ownTLS},
	{name: "ssl.allowReverseDnsLookup", from: property, why: ownTLS},
	{name: "ssl.handshakeDetectionTimeoutMillis", from: property, why: ownNet},
	{name: "ssl.sslProvider", from: property, why: noJVM},
	{name: "sslProvider", from: property, why: noJVM},
	{name: "fips-mode", from: property, why: noJVM},
	{name: "client.certReload", from: property, why: "certificates are read at the start, as they are by default"},
	{name: "kerberos.*", from: property, why: kerberos},
	{name: "security.auth_to_local", from: property, why: kerberos},
	{name: "kinit", from: property, why: kerberos},
	{name: "server.realm", from: property, why: kerberos},
	{name: "jaasLoginRenew", from: property, why: kerberos},
	{name: "allowSaslFailedClients", from: property, why: "a client whose SASL exchange fails is disconnected, which is the default"},
	{name: "enforce.auth.schemes", from: property, why: "without enforce.auth.enabled it has no effect"},
	{name: "requireClientAuthScheme", from: property, why: "Apache ZooKeeper 3.9 does not know it any more"},
	{name: "tcpKeepAlive", from: property, why: ownNet},
	{name: "clientTcpKeepAlive", from: property, why: ownNet},
	{name: "nio.*", from: property, why: ownNet},
	{name: "netty.*", from: property, why: ownNet},
	{name: "preAllocSize", from: property, why: ownLog},
	{name: "txnLogSizeLimitInKb", from: property, why: ownLog},
	{name: "snapSizeLimitInKb", from: property, why: ownSnaps},
	{name: "snapshotSizeFactor", from: property, why: ownSnaps},
	{name: "snapshot.compression.method", from: property, why: ownSnaps},
	{name: "commitLogCount", from: property, why: ownMemory},
	{name: "fsync.warningthresholdms", from: property, why: "slow disks show in the latencies that mntr and the metrics tell"},
	{name: "flushDelay", from: property, why: "writes that wait are written together here, without a delay"},
	{name: "maxWriteQueuePollTime", from: property, why: "writes that wait are written together here, without a delay"},
	{name: "maxBatchSize", from: property, why: "writes that wait are written together here, without a delay"},
	{name: "commitProcessor.*", from: property, why: noJVM},
	{name: "intBufferStartingSizeBytes", from: property, why: ownMemory},
	{name: "bitHashCacheSize", from: property, why: ownMemory},
	{name: "maxResponseCacheSize", from: property, why: ownMemory},
	{name: "maxGetChildrenResponseCacheSize", from: property, why: ownMemory},
	{name: "messageTracker.*", from: property, why: ownMemory},
	{name: "largeRequestMaxBytes", from: property, why: "the bytes that wait for one client are bounded here, always"},
	{name: "largeRequestThreshold", from: property, why: "the bytes that wait for one client are bounded here, always"},
	{name: "maxInProcessingDeadWatchers", from: property, why: ownMemory},
	{name: "watchManagerName", from: property, why: ownMemory},
	{name: "watcherClean*", from: property, why: ownMemory},
	{name: "connection_throttle_*", from: property, why: throttle},
	{name: "request_throttle*", from: property, why: throttle},
	{name: "throttled_op_wait_time", from: property, why: throttle},
	{name: "request_stale_*", from: property, why: alwaysCheck},
	{name: "digest.enabled", from: property, why: checksums},
	{name: "serializeLastProcessedZxid.enabled", from: property, why: checksums},
	{name: "closeSessionTxn.enabled", from: property, why: "the log here always says what a session's end removed"},
	{name: "enableEagerACLCheck", from: property, why: "ACLs are checked once, where the write is applied"},
	{name: "emulate353TTLNodes", from: property, why: "data of Apache ZooKeeper 3.5.3 is not read here"},
	{name: "datadir.autocreate", from: property, why: "the data directory is made if it is missing"},
	{name: "db.autocreate", from: property, why: "an empty data directory is a new server's"},
	{name: "pathStats.*", from: property, why: pathStats},
	{name: "audit.*", from: property, why: "there is no audit log here"},
	{name: "jmx.*", from: property, why: noJVM},
	{name: "jvm.*", why: noJVM},
	{name: "log.*", from: property, why: logsStderr},
	{name: "root.logger", from: property, why: logsStderr},
	{name: "console.threshold", from: property, why: logsStderr},
	{name: "tracelog.*", from: property, why: logsStderr},
	{name: "admin.idleTimeout", from: property, why: oneAdmin},
	{name: "admin.httpVersion", from: property, why: oneAdmin},
	{name: "admin.needClientAuth", from: property, set: refuseTrue("the AdminServer speaks plain HTTP here")},
	{name: "admin.forceHttps", from: property, set: refuseTrue("the AdminServer speaks plain HTTP here")},
	{name: "admin.portUnification", from: property, why: oneAdmin},
	{name: "metricsProvider.*", why: "the metrics have no other setting here than their address"},
	{name: "znode.container.*", from: bareFlag, why: "containers that are empty are removed as they are found"},
	{name: "controllerPort", from: property, why: "it is for Apache ZooKeeper's own tests"},
	{name: "test.*", from: property, why: "it is for Apache ZooKeeper's own tests"},
	{name: "testingonly.*", from: property, why: "it is for Apache ZooKeeper's own tests"},
}
