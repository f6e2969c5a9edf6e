// Package refusal makes gRPC errors that carry their reason as a code: package reason lists the reasons.
package refusal

import (
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/reason"
)

// New returns a gRPC error with the reason's status code, an ErrorInfo with the reason, and a text for people.
func New(r reason.Reason, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	entry, known := reason.Find(r)
	if !known {
		return status.Errorf(codes.Internal, "unlisted reason %s: %s", r, text)
	}
	plain := status.New(codes.Code(entry.Code), text)
	detailed, err := plain.WithDetails(&errdetails.ErrorInfo{Reason: string(r), Domain: reason.Domain})
	if err != nil {
		return plain.Err()
	}
	return detailed.Err()
}

// Reason returns the reason that a gRPC error carries, or "".
func Reason(err error) reason.Reason {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == reason.Domain {
			return reason.Reason(info.GetReason())
		}
	}
	return ""
}
