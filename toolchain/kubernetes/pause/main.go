// Command pause holds the namespaces of a pod open until it is told to end.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)
	// As process 1 of a pod that shares its process namespace it inherits the
	// orphans: ignoring SIGCHLD makes the kernel bury them.
	signal.Ignore(syscall.SIGCHLD)
	<-end
}
