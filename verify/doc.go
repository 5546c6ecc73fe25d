// Package verify proves that a running stack is what its stack file says: every
// rule that package config/rules marks V, through the sidecars, the streams and
// the objects in the cluster. It works on any stack, needs nothing of the
// applications but what the stack file says of them, and leaves nothing behind.
//
// An application never sees a probe event: it is sent as one that has expired, so
// that each subscriber's sidecar takes it, finds its expiration and puts it into
// the dead-letter topic, which proves that path as well; then it is removed.
package verify
