package bls

import (
	"container/list"
	"sync"
)

// Cache remembers validated public keys by their wire form, so that each is decompressed and checked
// once (protocol §2). It holds a fixed number of keys and evicts the least recently used one. Nil and the
// zero value remember nothing.
type Cache struct {
	size int

	mu     sync.Mutex
	recent *list.List // of cached, latest use first
	keys   map[[PublicKeySize]byte]*list.Element
}

type cached struct {
	bytes [PublicKeySize]byte
	key   *PublicKey
}

// NewCache returns a cache of at most size keys. With a size below 1 it remembers nothing. A key takes
// about 350 bytes.
func NewCache(size int) *Cache {
	return &Cache{size: size, recent: list.New(), keys: make(map[[PublicKeySize]byte]*list.Element)}
}

// Parse is [ParsePublicKey] with a memory. It never stores refused bytes, so they can't evict keys.
func (c *Cache) Parse(b [PublicKeySize]byte) (*PublicKey, error) {
	if key, found := c.lookup(b); found {
		return key, nil
	}
	key, err := ParsePublicKey(b[:])
	if err != nil {
		return nil, err
	}
	c.store(b, key)
	return key, nil
}

// Len returns the number of keys held.
func (c *Cache) Len() int {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.keys)
}

func (c *Cache) lookup(b [PublicKeySize]byte) (*PublicKey, bool) {
	if c == nil {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	element, found := c.keys[b]
	if !found {
		return nil, false
	}
	c.recent.MoveToFront(element)
	return element.Value.(cached).key, true
}

func (c *Cache) store(b [PublicKeySize]byte, key *PublicKey) {
	if c == nil || c.keys == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, found := c.keys[b]; found { // another goroutine parsed it meanwhile
		return
	}
	c.keys[b] = c.recent.PushFront(cached{bytes: b, key: key})
	if len(c.keys) > c.size {
		oldest := c.recent.Remove(c.recent.Back()).(cached)
		delete(c.keys, oldest.bytes)
	}
}
