package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"pixfw/ast"
)

// HashCmd is `pixfw hash`.
type HashCmd struct {
	JSON   bool     `name:"json" help:"As JSON: user, hash."`
	Enable struct{} `cmd:"" help:"For enable password and passwd."`
	User   struct {
		Name string `arg:"" help:"User name."`
	} `cmd:"" help:"For username NAME password."`
}

// Help is shown by --help.
func (HashCmd) Help() string {
	return `The password is read from the terminal, without echo, or from the first line of standard input.

Example:

    echo cisco | pixfw hash enable
    2KFQnbNIdI.2KYOU`
}

// Run prints the hash.
func (c *HashCmd) Run(s *IO, ctx *kong.Context) error {
	if ctx.Command() == "hash" {
		return errors.New("hash: say enable, or user NAME; see pixfw hash --help")
	}
	password, err := s.password()
	if err != nil {
		return err
	}
	if len(password) > 16 {
		return exitError{exitInput, errors.New("a PIX password has at most 16 characters")}
	}
	hash := ast.PasswordHash(c.User.Name, password)
	if c.JSON {
		return s.json(struct {
			User string `json:"user,omitempty"`
			Hash string `json:"hash"`
		}{c.User.Name, hash}, "")
	}
	_, err = fmt.Fprintln(s.Stdout, hash)
	return err
}

func (s *IO) password() (string, error) {
	if f, ok := s.Stdin.(*os.File); ok && s.IsTerminal {
		fmt.Fprint(s.Stderr, "Password: ")
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(s.Stderr)
		return string(b), err
	}
	line, err := bufio.NewReader(io.LimitReader(s.Stdin, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}
