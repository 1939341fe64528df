package engine

import (
	"context"
	"os"
	"path/filepath"
	"strings"
)

// Shell runs the shell req.Argv[0] as Run does. A shell's startup files often
// put folders of their own first on PATH, so it is made to put the runtime's
// there once more, behind them. Where it is another shell than those known here
// it is started as it is.
func (e *Engine) Shell(ctx context.Context, req RunRequest) (int, error) {
	if _, err := runtimeDir(req.Root, req.Runtime); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "snug-shell-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	argv, files, env := startup(req.Argv[0], dir, req.Runtime, e.Env("ZDOTDIR"))
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return 0, err
		}
	}
	req.Argv, req.Env = argv, env
	return e.Run(ctx, req)
}

// startup is how a shell is started, with the files that it is to read in dir.
// They read the user's own, then put the runtime first and show its name.
func startup(shell, dir, runtime, zdotdir string) (argv []string, files map[string]string, env []string) {
	const first = `export PATH="$SNUG_RUNTIME/bin:$PATH"` + "\n"
	prompt := "PS1=\"(" + runtime + ") $PS1\"\n"
	switch strings.TrimSuffix(filepath.Base(shell), ".exe") {
	case "bash":
		rc := filepath.Join(dir, "bashrc")
		return []string{shell, "--rcfile", rc}, map[string]string{"bashrc": "[ -f ~/.bashrc ] && . ~/.bashrc\n" + first + prompt}, nil
	case "zsh":
		return []string{shell}, map[string]string{".zshenv": zshenv, ".zshrc": zshrc + first + prompt}, []string{"SNUG_ZSH=" + dir, "ZDOTDIR=" + dir, "SNUG_ZDOTDIR=" + zdotdir}
	case "fish":
		return []string{shell, "--init-command", "set -gx PATH $SNUG_RUNTIME/bin $PATH"}, nil, nil
	}
	return []string{shell}, nil, nil
}

// zsh looks for its files in ZDOTDIR, which the user's own .zshenv may move.
const (
	zshenv = `ZDOTDIR="${SNUG_ZDOTDIR:-$HOME}"
[ -f "$ZDOTDIR/.zshenv" ] && . "$ZDOTDIR/.zshenv"
SNUG_ZDOTDIR="$ZDOTDIR" ZDOTDIR="$SNUG_ZSH"
`
	zshrc = `ZDOTDIR="$SNUG_ZDOTDIR"
unset SNUG_ZDOTDIR SNUG_ZSH
[ -f "$ZDOTDIR/.zshrc" ] && . "$ZDOTDIR/.zshrc"
`
)
