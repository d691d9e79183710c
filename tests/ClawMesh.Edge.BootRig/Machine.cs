using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace ClawMesh.Edge.BootRig;

/// <summary>What a machine is made of; the same record boots it again.</summary>
/// <param name="Folder">For its sockets and its console.</param>
/// <param name="Root">Disk with the system; null for the small guest, whose initramfs is all there is.</param>
/// <param name="Port">Of 127.0.0.1, to the guest's mesh port.</param>
internal sealed record MachineParts(string Folder, string Kernel, string Initramfs, string? Root, DataDisk Data, int Port);

/// <summary>
/// One boot of the guest in QEMU: console to a file, a root shell on ttyS1, pins on ttyS2, user-mode networking that leads nowhere but to the
/// mesh port. <see cref="Cut"/> ends it as a pulled plug does: SIGKILL, nothing is told to the guest.
/// </summary>
internal sealed class Machine : IDisposable
{
    private readonly Process _qemu;
    private readonly Socket _shellSocket;
    private readonly Socket _pinSocket;
    private readonly Thread[] _readers;

    private Machine(Process qemu, Socket shell, Socket pins)
    {
        (_qemu, _shellSocket, _pinSocket) = (qemu, shell, pins);
        Shell = new GuestShell(new NetworkStream(shell));
        _readers =
        [
            Read(shell, Shell.Add),
            Read(pins, line =>
            {
                if (line is not null) Pins.Add(line);
            }),
        ];
    }

    public PinLog Pins { get; } = new();

    public GuestShell Shell { get; }

    /// <param name="held">The relay board has a supply of its own and was left energised.</param>
    public static Machine Boot(MachineParts parts, bool held)
    {
        Directory.CreateDirectory(parts.Folder);
        using Socket shellListener = Listen(Path.Combine(parts.Folder, "shell"));
        using Socket pinListener = Listen(Path.Combine(parts.Folder, "pins"));
        List<string> arguments =
        [
            "-accel", "tcg", "-M", "pc", "-cpu", "max", "-smp", "2", "-m", "512", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
            "-serial", $"file:{Path.Combine(parts.Folder, "console.log")}",
            "-chardev", $"socket,id=shell,path={Path.Combine(parts.Folder, "shell")}", "-serial", "chardev:shell",
            "-chardev", $"socket,id=pins,path={Path.Combine(parts.Folder, "pins")}", "-serial", "chardev:pins",
            "-netdev", $"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{parts.Port}-:18789", "-device", "virtio-net-pci,netdev=net,romfile=",
            "-device", "virtio-rng-pci",
            "-kernel", parts.Kernel, "-initrd", parts.Initramfs,
            "-append", "console=ttyS0 quiet loglevel=3 panic=-1 nokaslr mitigations=off tsc=reliable no_timer_check cryptomgr.notests net.ifnames=0 "
                + $"systemd.show_status=0 systemd.log_target=journal{(held ? " rig.held=1" : "")}",
        ];
        // What the disk of the system loses at a cut is what the guest had not handed to it.
        if (parts.Root is { } root) arguments.AddRange(["-drive", $"file={root},format=raw,if=none,id=root,cache=unsafe", "-device", "virtio-blk-pci,drive=root"]);
        arguments.AddRange(parts.Data.Arguments());
        var start = new ProcessStartInfo("qemu-system-x86_64", arguments) { RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
        Process qemu = Children.Start(start);
        qemu.OutputDataReceived += (_, _) => { };
        qemu.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } text) Console.Error.WriteLine($"qemu: {text}");
        };
        qemu.BeginErrorReadLine();
        qemu.BeginOutputReadLine();
        if (!shellListener.Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead)) throw new RigException("QEMU did not start");
        return new Machine(qemu, shellListener.Accept(), pinListener.Accept());
    }

    /// <summary>The plug is pulled. All it said until then has been heard when this returns.</summary>
    public void Cut()
    {
        Children.Kill(_qemu);
        foreach (Thread reader in _readers) reader.Join();
    }

    public void Dispose()
    {
        Cut();
        _shellSocket.Dispose();
        _pinSocket.Dispose();
        _qemu.Dispose();
    }

    private static Socket Listen(string path)
    {
        File.Delete(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(1);
        return socket;
    }

    private static Thread Read(Socket socket, Action<string?> line)
    {
        var thread = new Thread(() =>
        {
            try
            {
                using var reader = new StreamReader(new NetworkStream(socket), Encoding.UTF8);
                while (reader.ReadLine() is { } text) line(text);
            }
            catch (IOException)
            {
                // The plug was pulled in the middle of a line.
            }

            line(null);
        }) { IsBackground = true };
        thread.Start();
        return thread;
    }
}
