// Package images builds the local node's container images from programs of this
// machine, without Docker and without a registry, and loads them into the
// node's containerd.
//
// An image is the same, bit for bit, whenever its contents are: the node has it
// already if it has its digest.
package images
