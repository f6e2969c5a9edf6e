package repo

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// apache2 is the SHA-256 of https://www.apache.org/licenses/LICENSE-2.0.txt.
const apache2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"

func TestTheLicenceIsTheUnchangedApacheLicence(t *testing.T) {
	sum := sha256.Sum256([]byte(read(t, "LICENSE")))
	if found := hex.EncodeToString(sum[:]); found != apache2 {
		t.Errorf("LICENSE: expected SHA-256 %s, found %s", apache2, found)
	}
}
