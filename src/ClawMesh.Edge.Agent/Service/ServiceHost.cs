using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Service;

/// <summary>The machine that the service is installed on, or an image that is being built; tests give another.</summary>
internal sealed record ServiceHost
{
    /// <summary>Long enough for a systemd that is busy with other things.</summary>
    public static readonly TimeSpan ProgramLimit = TimeSpan.FromSeconds(30);

    public static readonly ServiceHost ThisMachine = new();

    /// <summary>Where the file system begins.</summary>
    public string Root { get; init; } = "/";

    /// <summary>Nothing runs below <see cref="Root"/>: files are written and nothing is started.</summary>
    public bool IsImage { get; init; }

    public uint UserId { get; init; } = HostKernel.EffectiveUserId;

    /// <summary>The program that runs now.</summary>
    public string Executable { get; init; } = Environment.ProcessPath ?? "";

    /// <summary>One file that can be copied. A build for development needs its libraries beside it.</summary>
    public bool IsPublished { get; init; } = Node.BuildFacts.IsAot;

    /// <summary>Runs a program; null when there is none of that name.</summary>
    public Func<string, IReadOnlyList<string>, TimeSpan, ProgramResult?> Run { get; init; } = (program, arguments, limit) => Programs.Run(program, arguments, limit, TimeProvider.System);

    /// <summary>Gives a file to a user; null, or why that failed.</summary>
    public Func<string, FileOwner, string?> Give { get; init; } = PathAccess.Give;

    /// <summary>The rights of whoever owns a directory, for as long as the answer lives; null when nothing needs to change.</summary>
    public Func<string, IDisposable?> ActAsOwnerOf { get; init; } = FileUser.OfDirectory;

    /// <summary>Who listens on a TCP port.</summary>
    public Func<int, PortHolder?> HolderOf { get; init; } = port => PortHolder.Find(port);

    /// <summary>
    /// For all that is read or written below the state directory: it belongs to the node's user, who may put links there while root looks
    /// away. In an image nobody runs, and its users are not this machine's.
    /// </summary>
    public IDisposable? Inside(string state) => IsImage ? null : ActAsOwnerOf(state);

    /// <summary>A path of the machine, given from its root.</summary>
    public string At(string path) => Path.Combine(Root, path.TrimStart('/'));

    /// <summary>Whether systemd is the first process: <c>sd_booted(3)</c>.</summary>
    public bool HasSystemd => Directory.Exists(At("/run/systemd/system"));
}
