package store

import (
	"bytes"
	"context"
	"strconv"
	"sync"

	"github.com/daprstack/daprstack/contracts"
)

// Memory is a Store that lives as long as the process.
type Memory struct {
	mu        sync.Mutex
	documents map[string]document
}

type document struct {
	body    []byte
	version int
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{documents: map[string]document{}} }

// Get implements [Store].
func (m *Memory) Get(_ context.Context, key contracts.Key) ([]byte, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.documents[key.String()]
	if !ok {
		return nil, "", nil
	}
	return bytes.Clone(d.body), strconv.Itoa(d.version), nil
}

// Put implements [Store].
func (m *Memory) Put(_ context.Context, key contracts.Key, body []byte, version string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.documents[key.String()]
	if ok && version != strconv.Itoa(d.version) || !ok && version != "" {
		return ErrConflict
	}
	m.documents[key.String()] = document{bytes.Clone(body), d.version + 1}
	return nil
}
