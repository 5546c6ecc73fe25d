// Command activity serves the feed of what happened. See package feed.
package main

import (
	"github.com/daprstack/daprstack/examples/todo/internal/feed"
	"github.com/daprstack/daprstack/examples/todo/internal/serve"
)

func main() { serve.Main("activity", "8001", feed.New) }
