// Package main is kwok without a race that ends it now and then when it starts.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/kwok/cmd"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/cel"
	"sigs.k8s.io/kwok/pkg/utils/signals"
)

func main() {
	if err := run(signals.SetupSignalContext()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	for _, self := range []any{(*corev1.Node)(nil), (*corev1.Pod)(nil)} {
		if err := fillSharedMaps(self); err != nil {
			return err
		}
	}
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, _ = log.InitFlags(ctx, flags)
	ctx, err := config.InitFlags(ctx, flags)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	command := cmd.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(flags)
	return command.ExecuteContext(ctx)
}

// The controllers of nodes and of pods each make such an environment with their first object. What the types look like
// is kept in maps that all of them share and none of them locks (easycel 0.6.0): "concurrent map writes" ends the
// program. With the maps filled before there is a second goroutine, it is only read from there on.
func fillSharedMaps(self any) error {
	_, err := cel.NewEnvironment(cel.EnvironmentConfig{
		Types:       cel.DefaultTypes,
		Conversions: cel.DefaultConversions,
		Methods:     cel.FuncsToMethods(cel.DefaultFuncs),
		Funcs:       cel.DefaultFuncs,
		Vars:        map[string]any{"self": self},
	})
	if err != nil {
		return fmt.Errorf("making a CEL environment: %w", err)
	}
	return nil
}
