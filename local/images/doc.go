// Package images builds the local node's container images from programs of this
// machine, without Docker and without a registry, and loads them into the
// node's containerd.
//
// Images are reproducible: the same contents give the same digest, so the node
// already has an image if it has one of its digest.
package images
