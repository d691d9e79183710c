using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Agent.Service;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>One network interface that is up.</summary>
internal sealed record NetworkFace(string Name, bool Loopback, bool Multicast, IReadOnlyList<string> Addresses);

/// <summary>The machine as <c>diag</c> sees it; tests give another.</summary>
internal sealed record DiagHost
{
    public static readonly DiagHost ThisMachine = new();

    /// <summary>Where the file system begins.</summary>
    public string Root { get; init; } = "/";

    /// <summary>The kernel's doors to hardware.</summary>
    public IHardwarePorts Ports { get; init; } = LinuxPorts.ThisMachine;

    /// <summary>Where a scratch copy of the simulated medium may lie for a moment.</summary>
    public string Scratch { get; init; } = Path.GetTempPath();

    public Func<IReadOnlyList<NetworkFace>> Faces { get; init; } = FacesOfThisMachine;

    /// <summary>The service manager; it sees the same root.</summary>
    public ServiceHost Service => ServiceHost.ThisMachine with { Root = Root, Run = RunProgram, UserId = UserId };

    /// <summary>As <see cref="ServiceHost.Run"/>.</summary>
    public Func<string, IReadOnlyList<string>, TimeSpan, ProgramResult?> RunProgram { get; init; } = ServiceHost.ThisMachine.Run;

    /// <summary>Who asks.</summary>
    public uint UserId { get; init; } = HostKernel.EffectiveUserId;

    /// <summary>The file system that a path lies on.</summary>
    public Func<string, FileSystemFacts> FileSystem { get; init; } = FileSystemFacts.Of;

    /// <summary>What the wall clock rests on, an operator's word for this state directory included.</summary>
    public Func<StateDirectory, TimeProvider, ClockFacts> Clock { get; init; } = ClockOfThisMachine;

    /// <summary>A path below <see cref="Root"/>.</summary>
    public string At(string path) => Path.Combine(Root, path);

    private static ClockFacts ClockOfThisMachine(StateDirectory state, TimeProvider time)
    {
        var keeper = new ClockKeeper(new NodeClock(time), state.ClockFile, () => null);
        keeper.Start();
        return keeper.Facts();
    }

    private static IReadOnlyList<NetworkFace> FacesOfThisMachine() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(face => face.OperationalStatus == OperationalStatus.Up || face.NetworkInterfaceType == NetworkInterfaceType.Loopback)
            .Select(face => new NetworkFace(
                face.Name,
                face.NetworkInterfaceType == NetworkInterfaceType.Loopback,
                face.SupportsMulticast,
                [.. face.GetIPProperties().UnicastAddresses.Select(a => a.Address).Where(IsUseful).Select(a => a.ToString())])),
    ];

    private static bool IsUseful(IPAddress address) => address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6;
}
