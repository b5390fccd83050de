package wire

import "fmt"

// Code is the outcome of a request, in its reply header. Zero is success.
type Code int32

// The error codes of Apache ZooKeeper 3.9 (KeeperException.Code).
const (
	CodeOK                       Code = 0
	CodeSystemError              Code = -1
	CodeRuntimeInconsistency     Code = -2
	CodeDataInconsistency        Code = -3
	CodeConnectionLoss           Code = -4
	CodeMarshallingError         Code = -5
	CodeUnimplemented            Code = -6
	CodeOperationTimeout         Code = -7
	CodeBadArguments             Code = -8
	CodeUnknownSession           Code = -12
	CodeNewConfigNoQuorum        Code = -13
	CodeReconfigInProgress       Code = -14
	CodeAPIError                 Code = -100
	CodeNoNode                   Code = -101
	CodeNoAuth                   Code = -102
	CodeBadVersion               Code = -103
	CodeNoChildrenForEphemerals  Code = -108
	CodeNodeExists               Code = -110
	CodeNotEmpty                 Code = -111
	CodeSessionExpired           Code = -112
	CodeInvalidCallback          Code = -113
	CodeInvalidACL               Code = -114
	CodeAuthFailed               Code = -115
	CodeSessionMoved             Code = -118
	CodeNotReadOnly              Code = -119
	CodeEphemeralOnLocalSession  Code = -120
	CodeNoWatcher                Code = -121
	CodeRequestTimeout           Code = -122
	CodeReconfigDisabled         Code = -123
	CodeSessionClosedRequireSASL Code = -124
	CodeQuotaExceeded            Code = -125
	CodeThrottled                Code = -127
)

var codeTexts = map[Code]string{
	CodeOK: "ok", CodeSystemError: "system error at the server", CodeRuntimeInconsistency: "runtime inconsistency",
	CodeDataInconsistency: "data inconsistency", CodeConnectionLoss: "connection lost",
	CodeMarshallingError: "the server could not read the request", CodeUnimplemented: "the server does not know this operation",
	CodeOperationTimeout: "operation timed out at the server", CodeBadArguments: "bad arguments", CodeUnknownSession: "unknown session",
	CodeNewConfigNoQuorum: "no quorum of the new configuration is connected and up to date", CodeReconfigInProgress: "another reconfiguration is in progress",
	CodeAPIError: "API error", CodeNoNode: "no such znode", CodeNoAuth: "not authorized", CodeBadVersion: "version does not match",
	CodeNoChildrenForEphemerals: "ephemeral znodes cannot have children", CodeNodeExists: "znode exists already", CodeNotEmpty: "znode has children",
	CodeSessionExpired: "session expired", CodeInvalidCallback: "invalid callback", CodeInvalidACL: "invalid ACL",
	CodeAuthFailed: "authentication failed", CodeSessionMoved: "session moved to another connection", CodeNotReadOnly: "the server is read-only",
	CodeEphemeralOnLocalSession: "ephemeral znode on a local session", CodeNoWatcher: "no such watch", CodeRequestTimeout: "request timed out",
	CodeReconfigDisabled: "reconfiguration is disabled", CodeSessionClosedRequireSASL: "the server requires SASL authentication",
	CodeQuotaExceeded: "quota exceeded", CodeThrottled: "the server throttled the operation",
}

// Error returns the code in words and, for a code without words, its number.
func (c Code) Error() string {
	if s, ok := codeTexts[c]; ok {
		return s
	}
	return fmt.Sprintf("ZooKeeper error %d", int32(c))
}
