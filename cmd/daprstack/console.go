package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// console is what a command reads from and writes to.
type console struct {
	in          io.Reader
	out, err    io.Writer
	interactive bool // somebody at a terminal can answer
}

func consoleOf(cmd *cobra.Command) console {
	in := cmd.InOrStdin()
	f, ok := in.(*os.File)
	return console{
		in: in, out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(),
		interactive: ok && term.IsTerminal(int(f.Fd())),
	}
}

// confirm asks before something is done, unless yes. It fails when the answer is
// no, or when nobody is there to answer.
func (c console) confirm(yes bool, format string, args ...any) error {
	if yes {
		return nil
	}
	what := fmt.Sprintf(format, args...)
	if !c.interactive {
		return fmt.Errorf("about to %s, but there is nobody to ask: use --yes", what)
	}
	fmt.Fprintf(c.err, "About to %s. Go on? [y/N] ", what)
	answer, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer))) {
		return errors.New("nothing was changed")
	}
	return nil
}
