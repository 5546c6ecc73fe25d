// Package redistest runs real Redis processes for tests: sentinels with the servers
// that they watch, clusters, and single servers, with passwords and TLS.
package redistest
