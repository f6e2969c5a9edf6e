// Package command holds what several commands share: printing, logging and contexts.
package command

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf16"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"
)

// PrintJSON prints a value as indented JSON to standard output, for other programs. It escapes unprintable characters.
func PrintJSON(cmd *cobra.Command, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	fmt.Fprintln(cmd.OutOrStdout(), printable(string(b)))
	return nil
}

// printable escapes, in JSON, what encoding/json leaves of characters that could steer a terminal. They are in strings only, so the
// JSON means the same.
func printable(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || strconv.IsPrint(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// Context returns the command's context. A command that runs without one gets the background context.
func Context(cmd *cobra.Command) context.Context {
	if ctx := cmd.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}

// EndOnSignals ends the command's context at the first SIGINT, SIGTERM or SIGHUP. The second one ends the process.
func EndOnSignals(cmd *cobra.Command) {
	ctx, stop := signal.NotifyContext(Context(cmd), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	cmd.SetContext(ctx)
}

// FlagText returns the value of a string flag, "" if the command doesn't have the flag.
func FlagText(cmd *cobra.Command, name string) string {
	if flag := cmd.Flags().Lookup(name); flag != nil {
		return flag.Value.String()
	}
	return ""
}

// Logger logs to standard error with the level and format of the root command's flags, if it has them.
func Logger(cmd *cobra.Command) (*slog.Logger, error) {
	var level slog.Level
	if text := FlagText(cmd, flags.FlagLogLevel); text != "" {
		if err := level.UnmarshalText([]byte(text)); err != nil {
			return nil, fmt.Errorf("read --%s: expected debug, info, warn or error, found %q", flags.FlagLogLevel, text)
		}
	}
	options := &slog.HandlerOptions{Level: level}
	if FlagText(cmd, flags.FlagLogFormat) == flags.OutputFormatJSON {
		return slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), options)), nil
	}
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), options)), nil
}
