package bls

// Child derives the child of k with an index in a tree of keys: derive_child_SK of EIP-2333. The root of a tree is
// [KeyFromSeed] of its seed, which is the EIP's derive_master_SK. The children can be derived from k, but neither k
// nor its other children can be derived from a child. Child returns nil for a key that is nil or was zeroed:
// otherwise the zero scalar would give valid keys that anybody could derive.
func (k *SecretKey) Child(index uint32) *SecretKey {
	scalar := k.raw()
	if !scalar.Valid() {
		return nil
	}
	return newSecretKey(scalar.DeriveChildEip2333(index))
}
