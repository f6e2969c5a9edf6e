package ffg

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
)

// ErrOperator is wrapped by Possession for an operator address of impossible length.
var ErrOperator = errors.New("operator address out of bounds")

// Possession returns the message that proves possession of key, bound to one operator (1 to 255 bytes) on one chain,
// so that nobody can replay the proof for another (protocol §2). It wraps ErrOperator for any other length.
func Possession(domain Root, operator []byte, key PublicKey) (Root, error) {
	if len(operator) == 0 || len(operator) > math.MaxUint8 {
		return Root{}, fmt.Errorf("%w: expected 1 to %d bytes, found %d", ErrOperator, math.MaxUint8, len(operator))
	}
	b := make([]byte, 0, len(tagPossession)+len(domain)+1+len(operator)+len(key))
	b = append(b, tagPossession...)
	b = append(b, domain[:]...)
	b = append(b, byte(len(operator)))
	b = append(b, operator...)
	b = append(b, key[:]...)
	return sha256.Sum256(b), nil
}
