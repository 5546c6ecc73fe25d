// Package render turns a stack into Kubernetes manifests without a cluster, a
// passphrase or a run of the engine.
//
// It runs the program of the stack with Pulumi's mocks and keeps what it registers:
// the objects are those of an up, because the same code makes them, and Dapr's chart
// is rendered by the same provider. What only an up knows (random passwords,
// certificates) and every secret is a placeholder in angle brackets that says what it
// stands for: <random password redis-auth-random>, <secret redis.password>. Nothing
// in the result is random: the same stack file gives the same bytes.
package render
