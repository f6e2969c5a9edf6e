package types

import "google.golang.org/protobuf/encoding/protowire"

// MaxUnsignedBytes bounds the transaction of an unsigned message. The longest is a vote by the largest pair of sets that the
// parameters allow: a bit for each of max_voters on either side, and fields of fixed size around them.
const MaxUnsignedBytes = 2*maxVoters/8 + 1024

// Field numbers of TxRaw, TxBody, Any and the two messages.
const (
	rawBody         = 1
	bodyMessages    = 1
	anyTypeURL      = 1
	anyValue        = 2
	submissionOwner = 1
)

// mayBeUnsigned reports whether a transaction carries votes or evidence without a submitter at its top level. It walks over the
// bytes and copies none of them, so that a stranger's megabyte is not parsed before it is refused. True is a guess, which
// decoding confirms; false is certain for all bytes that the SDK's decoder accepts.
func mayBeUnsigned(txBytes []byte) bool {
	body, ok := lastField(txBytes, rawBody)
	if !ok {
		return false
	}
	found := false
	walk(body, func(number protowire.Number, packed []byte) bool {
		if number == bodyMessages && unsignedSubmission(packed) {
			found = true
		}
		return !found
	})
	return found
}

// unsignedSubmission reports whether an Any holds votes or evidence without a submitter, or such that can't be read.
func unsignedSubmission(packed []byte) bool {
	url, ok := lastField(packed, anyTypeURL)
	if !ok || !isSubmission(url) {
		return false
	}
	value, ok := lastField(packed, anyValue)
	if !ok {
		return false
	}
	submitter, ok := lastField(value, submissionOwner)
	return !ok || len(submitter) == 0
}

func isSubmission(url []byte) bool {
	return string(url) == "/"+string(submitVotesName) || string(url) == "/"+string(submitEvidenceName)
}

// lastField returns the last field with this number, or nothing if the message lacks it. It is false for what is not protobuf or has the
// field in another type than bytes.
func lastField(message []byte, wanted protowire.Number) (last []byte, ok bool) {
	ok = walk(message, func(number protowire.Number, value []byte) bool {
		if number == wanted {
			last = value
		}
		return number != wanted || value != nil
	})
	return last, ok
}

// walk visits the fields of a message; those in another type than bytes have the value nil. It stops, and returns false, where
// visit does or the bytes are no protobuf.
func walk(message []byte, visit func(number protowire.Number, value []byte) bool) bool {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return false
		}
		message = message[n:]
		var value []byte
		if kind == protowire.BytesType {
			value, n = protowire.ConsumeBytes(message)
		} else {
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 || !visit(number, value) {
			return false
		}
		message = message[n:]
	}
	return true
}
