// Package verify proves that a running stack matches its stack file: every rule
// that package config/rules marks V, by asking the sidecars, the streams and
// the objects in the cluster. It works on any stack, needs nothing from the
// applications but what the stack file says about them, and leaves nothing
// behind.
//
// An application never sees a probe event. The probe has already expired when
// it is sent, so each subscriber's sidecar takes it, notices the expiration and
// puts it into the dead-letter topic, which proves that path as well. Then the
// probe is removed.
package verify
