// Package gogocodec lets gRPC carry gogoproto's types as they are. The SDK's own codec would also unpack
// each Any that the other side sends, which a voter has no use for.
package gogocodec

import "fmt"

// Codec is an encoding.Codec of google.golang.org/grpc.
type Codec struct{}

// Name is that of gRPC's usual codec: the bytes are the same.
func (Codec) Name() string { return "proto" }

// Marshal refuses what isn't a gogoproto message.
func (Codec) Marshal(v any) ([]byte, error) {
	m, ok := v.(interface{ Marshal() ([]byte, error) })
	if !ok {
		return nil, fmt.Errorf("marshal: expected a gogoproto message, found %T", v)
	}
	return m.Marshal()
}

// Unmarshal refuses to fill what isn't a gogoproto message.
func (Codec) Unmarshal(b []byte, v any) error {
	m, ok := v.(interface{ Unmarshal([]byte) error })
	if !ok {
		return fmt.Errorf("unmarshal: expected a gogoproto message, found %T", v)
	}
	return m.Unmarshal(b)
}
