package rules

import (
	"net"
	"path"
	"strings"
)

// tlsOnly are the addresses at which managed Redis services speak TLS and nothing
// else, unless their owner turned it off. An empty host or port is any.
var tlsOnly = []struct{ host, port, service string }{
	// learn.microsoft.com/azure/azure-cache-for-redis/cache-configure#access-ports:
	// port 6379, without TLS, is off by default.
	{"*.redis.cache.windows.net", "", "Azure Cache for Redis"},
	// learn.microsoft.com/azure/redis/tls-configuration: port 10000, TLS by default.
	{"*.redis.azure.net", "", "Azure Managed Redis"},
	{"*.redisenterprise.cache.azure.net", "", "Azure Cache for Redis Enterprise"},
	{"", "6380", "Azure Cache for Redis and others"},
	{"", "10000", "Azure Managed Redis"},
	// docs.aws.amazon.com/AmazonElastiCache/latest/dg/in-transit-encryption.html:
	// always on for serverless caches.
	{"*.serverless.*.cache.amazonaws.com", "", "ElastiCache Serverless"},
	// docs.aws.amazon.com/memorydb/latest/devguide/in-transit-encryption.html
	{"*.memorydb.*.amazonaws.com", "", "MemoryDB"},
	// cloud.google.com/memorystore/docs/redis/about-in-transit-encryption: the port
	// of instances with TLS.
	{"", "6378", "Memorystore"},
	// upstash.com/docs/redis/howto/connectclient
	{"*.upstash.io", "", "Upstash"},
	// docs.digitalocean.com/products/databases: all clients must use TLS.
	{"*.db.ondigitalocean.com", "", "DigitalOcean"},
}

// TLSOnly returns the service that speaks nothing but TLS at an address, as far as
// the address tells, or "".
func TLSOnly(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	for _, known := range tlsOnly {
		if known.port != "" && known.port != port {
			continue
		}
		if ok, _ := path.Match(known.host, strings.ToLower(host)); ok || known.host == "" {
			return known.service
		}
	}
	return ""
}
