using System.Globalization;
using ClawMesh.Edge.Benchmarks;
using ClawMesh.Edge.Benchmarks.Wire;

// One run, one table: every figure of DESIGN section 11 that this version has, beside its budget. The table goes to
// docs/benchmarks.md with the date and the machine.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is ["wire", .. string[] wire]) return await WireCommand.RunAsync(wire);
if (args is ["rollouts", ..])
{
    var rollouts = new FigureTable();
    Console.WriteLine(Machine.Describe());
    Console.WriteLine();
    int done = RolloutBench.Run(int.Parse(Flag("--runs") ?? "100", CultureInfo.InvariantCulture), Flag("--libcuda"), Flag("--onnxruntime"), rollouts);
    rollouts.Print(Console.Out);
    return done;
}

if (args is ["twin"])
{
    var figures = new FigureTable();
    Console.WriteLine(Machine.Describe());
    Console.WriteLine();
    TwinBench.Run(figures);
    figures.Print(Console.Out);
    return 0;
}

string binary = Flag("--binary") ?? "artifacts/publish/linux-x64/clawmesh-edge";
int leases = int.Parse(Flag("--leases") ?? "300", CultureInfo.InvariantCulture);
int starts = int.Parse(Flag("--starts") ?? "20", CultureInfo.InvariantCulture);
int idleSeconds = int.Parse(Flag("--idle-seconds") ?? "60", CultureInfo.InvariantCulture);
if (!File.Exists(binary))
{
    Console.Error.WriteLine($"bench: no binary at '{binary}'; run `make publish` first.");
    return 2;
}

var table = new FigureTable();
Console.WriteLine(Machine.Describe());
Console.WriteLine();
SizeBench.Run(binary, table);
await StartBench.RunAsync(binary, starts, table);
await GateBench.RunAsync(table);
TwinBench.Run(table);
await ActuationBench.RunAsync(binary, leases, table);
await IdleBench.RunAsync(binary, idleSeconds, table);
table.Print(Console.Out);
return 0;

string? Flag(string name)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}
