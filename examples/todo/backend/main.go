// Command backend serves the tasks. See package tasks.
package main

import (
	"github.com/daprstack/daprstack/examples/todo/internal/serve"
	"github.com/daprstack/daprstack/examples/todo/internal/tasks"
)

func main() { serve.Main("backend", "8000", tasks.New) }
