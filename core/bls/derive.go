package bls

// Child derives the key with an index below k in a tree of keys: derive_child_SK of EIP-2333. The root of a tree is
// [KeyFromSeed] of its seed, which is the EIP's derive_master_SK. Who knows k knows its children; from a child nothing
// leads back to k or to its siblings. A key that is nil or was zeroed has no children: nil, since any scalar, also
// zero, would give a valid key that everybody could derive.
func (k *SecretKey) Child(index uint32) *SecretKey {
	scalar := k.raw()
	if !scalar.Valid() {
		return nil
	}
	return newSecretKey(scalar.DeriveChildEip2333(index))
}
