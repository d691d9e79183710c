using System.Net;
using System.Net.Sockets;

namespace ClawMesh.Edge.BootRig;

/// <summary>Where the rig keeps what it makes, and what it is made of.</summary>
internal sealed class RigFolders
{
    private static readonly TimeSpan SetupLimit = TimeSpan.FromMinutes(15);

    private RigFolders(string root) => Root = root;

    public string Root { get; }

    public string Rig => Path.Combine(Root, "artifacts/rig");

    public string Systemd => Path.Combine(Root, "artifacts/rig-systemd");

    public string Kernel => Path.Combine(Rig, "vmlinux");

    public static RigFolders Find()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "ClawMesh.Edge.sln"))) return new RigFolders(at.FullName);
        }

        throw new RigException($"no directory above '{AppContext.BaseDirectory}' holds ClawMesh.Edge.sln");
    }

    /// <summary>The kernel, its modules and the probes; nothing to do when they are cached.</summary>
    public void PrepareKernel() => Script("hw/rig/setup.sh", Rig);

    /// <summary>The image with the node installed in it.</summary>
    /// <returns>The image's path.</returns>
    public string PrepareImage(string binary)
    {
        Script("hw/rig/mk-systemd-image.sh", Rig, Systemd);
        string image = Path.Combine(Systemd, "root.ext4");
        Script("hw/rig/systemd/install-node.sh", Systemd, binary, image);
        return image;
    }

    public string PrepareSmallGuest(string binary, string folder)
    {
        string initramfs = Path.Combine(folder, "small.cpio");
        Script("hw/rig/systemd/mk-small-guest.sh", Rig, binary, initramfs);
        return initramfs;
    }

    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>A folder for one run, emptied.</summary>
    public string Fresh(string name)
    {
        string folder = Path.Combine(Systemd, name);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        return Directory.CreateDirectory(folder).FullName;
    }

    private void Script(string script, params string[] arguments)
    {
        ToolResult result = Tool.Run(SetupLimit, "bash", [Path.Combine(Root, script), .. arguments]);
        if (result.Status != 0) throw new RigException($"{script} ended with {result.Status}:\n{result.Output}{result.Error}");
    }
}
