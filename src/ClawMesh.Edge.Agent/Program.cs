using ClawMesh.Edge.Agent.Cli;

// The composition root: the only place that takes the system's clock and the process's streams.
return await CommandTree.Build(Console.Out, Console.Error, TimeProvider.System).RunAsync(args);
