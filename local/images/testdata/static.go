// Command static does nothing.
package main

func main() {}
