using System.Globalization;
using ClawMesh.Edge.BootRig;

// boot-rig faults [--volatile-cache]                                    the faults, and one table
// boot-rig cuts [--cuts N] [--seed N] [--lanes 1|2] [--minutes N]       many power cuts
// The published binary is named by CLAWMESH_EDGE_BINARY. Exit status: 0 all is well, 1 the node is at fault, 2 usage, 3 the rig is not
// available here or is itself at fault.
try
{
    RigFolders folders = RigFolders.Find();
    string binary = Environment.GetEnvironmentVariable("CLAWMESH_EDGE_BINARY") is { Length: > 0 } named ? named : Path.Combine(folders.Root, "artifacts/publish/linux-x64/clawmesh-edge");
    if (!File.Exists(binary)) throw new RigException($"no published binary at '{binary}'; run `make publish`, or name one in CLAWMESH_EDGE_BINARY");
    var node = new NodeProgram(Path.GetFullPath(binary));
    return args switch
    {
        ["faults", .. string[] rest] => FaultRun.Run(folders, node, rest.Contains("--volatile-cache")),
        ["cuts", .. string[] rest] => CutRun.Run(folders, node, Number(rest, "--cuts", 200), Number(rest, "--seed", 1), Math.Clamp(Number(rest, "--lanes", 2), 1, 2), TimeSpan.FromMinutes(Number(rest, "--minutes", 60))),
        _ => Usage(),
    };
}
catch (RigException e)
{
    Console.Error.WriteLine($"rig: {e.Message}");
    return 3;
}

static int Number(string[] arguments, string name, int otherwise)
{
    int at = Array.IndexOf(arguments, name);
    if (at < 0) return otherwise;
    return at + 1 < arguments.Length && int.TryParse(arguments[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : throw new RigException($"{name} wants a number");
}

static int Usage()
{
    Console.Error.WriteLine("usage: boot-rig faults | cuts [--cuts N] [--seed N] [--lanes 1|2] [--minutes N]");
    return 2;
}
