// Package redis runs the Redis that backs the Dapr components: one server with
// a volume, which asks for a password and never evicts data.
package redis
