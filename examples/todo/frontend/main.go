// Command frontend serves the page. See package web.
package main

import (
	"github.com/daprstack/daprstack/examples/todo/internal/serve"
	"github.com/daprstack/daprstack/examples/todo/internal/web"
)

func main() { serve.Main("frontend", "3000", web.New) }
