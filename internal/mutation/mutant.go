package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A mutant is one change of one file.
type mutant struct {
	file       string
	line       int
	start, end int    // byte offsets of the changed text
	text       string // its replacement
	source     []byte // the whole file
}

func (m mutant) place() string { return fmt.Sprintf("%s:%d", m.file, m.line) }

func (m mutant) String() string {
	return fmt.Sprintf("%s: %s  →  %s", m.place(), oneLine(string(m.source[m.start:m.end])), oneLine(m.text))
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > 120 {
		return string(runes[:120]) + "…"
	}
	return s
}

// mutantsOf returns the mutants of the Go files in a folder, tests excluded.
func mutantsOf(dir string) ([]mutant, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var all []mutant
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, source, 0)
		if err != nil {
			return nil, err
		}
		c := changer{fset: fset, file: name, source: source}
		ast.Inspect(file, c.visit)
		all = append(all, c.all...)
	}
	return all, nil
}

// changer collects the mutants of one file.
type changer struct {
	fset   *token.FileSet
	file   string
	source []byte
	all    []mutant
}

// replace adds a mutant; %s in text stands for the current code.
func (c *changer) replace(from, to token.Pos, text string) {
	start, end := c.fset.Position(from), c.fset.Position(to)
	text = strings.ReplaceAll(text, "%s", string(c.source[start.Offset:end.Offset]))
	c.all = append(c.all, mutant{c.file, start.Line, start.Offset, end.Offset, text, c.source})
}

// operators maps each operator to its replacements.
var operators = map[token.Token][]string{
	token.EQL: {"!="}, token.NEQ: {"=="},
	token.LSS: {"<=", ">="}, token.LEQ: {"<", ">"}, token.GTR: {">=", "<="}, token.GEQ: {">", "<"},
	token.LAND: {"||"}, token.LOR: {"&&"},
	token.ADD: {"-"}, token.SUB: {"+"}, token.MUL: {"/"}, token.QUO: {"*"}, token.REM: {"*"},
}

func (c *changer) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ImportSpec:
		return false
	case *ast.BinaryExpr:
		for _, other := range operators[n.Op] {
			c.replace(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), other)
		}
	case *ast.IfStmt:
		c.replace(n.Cond.Pos(), n.Cond.End(), "false && (%s)")
	case *ast.SwitchStmt:
		if n.Tag == nil {
			for _, clause := range n.Body.List {
				for _, cond := range clause.(*ast.CaseClause).List {
					c.replace(cond.Pos(), cond.End(), "false && (%s)")
				}
			}
		}
	case *ast.ExprStmt:
		c.replace(n.Pos(), n.End(), "if false { %s }")
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			c.replace(n.Pos(), n.End(), "if false { %s }")
		}
	case *ast.IncDecStmt:
		other := map[token.Token]string{token.INC: "--", token.DEC: "++"}[n.Tok]
		c.replace(n.TokPos, n.TokPos+2, other)
	case *ast.BranchStmt:
		if other := map[token.Token]string{token.BREAK: "continue", token.CONTINUE: "break"}[n.Tok]; other != "" && n.Label == nil {
			c.replace(n.Pos(), n.End(), other)
		}
	case *ast.ReturnStmt:
		if len(n.Results) == 1 {
			if _, call := n.Results[0].(*ast.CallExpr); call {
				c.replace(n.Results[0].Pos(), n.Results[0].End(), "nil; _ = %s")
			}
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			c.replace(n.Pos(), n.X.Pos(), "")
		}
	case *ast.BasicLit:
		if n.Kind == token.INT {
			c.number(n)
		}
	case *ast.Ident:
		if other := map[string]string{"true": "false", "false": "true"}[n.Name]; other != "" {
			c.replace(n.Pos(), n.End(), other)
		}
	}
	return true
}

// number adds a mutant with an integer that is greater by one.
func (c *changer) number(n *ast.BasicLit) {
	if v, err := strconv.Atoi(n.Value); err == nil {
		c.replace(n.Pos(), n.End(), strconv.Itoa(v+1))
	}
}

// outcome is the result of a mutant.
type outcome int

const (
	noticed   outcome = iota // a test failed
	unnoticed                // none did
	invalid                  // it does not compile
)

// test runs the test packages on the mutant until one fails.
func (m mutant) test(ctx context.Context, tests []string) (outcome, error) {
	dir, err := os.MkdirTemp("", "mutation")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(changed, m.apply(), 0o600); err != nil {
		return 0, err
	}
	path, err := filepath.Abs(m.file)
	if err != nil {
		return 0, err
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(overlay, replace, 0o600); err != nil {
		return 0, err
	}
	for _, packages := range tests {
		cmd := exec.CommandContext(ctx, "go", "test", "-vet=off", "-failfast", "-timeout=60s", "-overlay", overlay, packages)
		output, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && ctx.Err() == nil {
			if bytes.Contains(output, []byte("[build failed]")) {
				return invalid, nil
			}
			return noticed, nil
		} else if err != nil {
			return 0, err
		}
	}
	return unnoticed, nil
}

// apply returns the changed file.
func (m mutant) apply() []byte {
	return bytes.Join([][]byte{m.source[:m.start], []byte(m.text), m.source[m.end:]}, nil)
}
