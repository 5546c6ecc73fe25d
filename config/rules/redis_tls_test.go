package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules"
)

func TestTLSOnly(t *testing.T) {
	for address, want := range map[string]string{
		"acme.redis.cache.windows.net:6380":                            "Azure Cache for Redis",
		"ACME.redis.cache.windows.net:6379":                            "Azure Cache for Redis",
		"acme.westeurope.redis.azure.net:10000":                        "Azure Managed Redis",
		"acme.westeurope.redisenterprise.cache.azure.net:1":            "Azure Cache for Redis Enterprise",
		"cache-1a2b3c.serverless.use1.cache.amazonaws.com:6379":        "ElastiCache Serverless",
		"clustercfg.acme.1a2b3c.memorydb.us-east-1.amazonaws.com:6379": "MemoryDB",
		"eu1-acme-1.upstash.io:6379":                                   "Upstash",
		"acme-do-user-1.b.db.ondigitalocean.com:25061":                 "DigitalOcean",
		"redis.example.com:6380":                                       "Azure Cache for Redis and others",
		"redis.example.com:10000":                                      "Azure Managed Redis",
		"10.0.0.3:6378":                                                "Memorystore",
		"redis.example.com:6379":                                       "",
		"acme.1a2b3c.0001.use1.cache.amazonaws.com:6379":               "", // TLS is an option there
		"redis.cache.windows.net.example.com:6379":                     "",
		"redis": "",
	} {
		require.Equal(t, want, rules.TLSOnly(address), address)
	}
}
