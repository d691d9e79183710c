using System.Diagnostics;
using System.Text;

namespace ClawMesh.Edge.EndToEnd.Discovery;

/// <summary>
/// Two hosts on one cable: network namespaces with a pair of interfaces between them, so that nothing of a test reaches a real network.
/// Needs root, iproute2 and a kernel that permits it; a test without says so by name.
/// </summary>
internal sealed class Network : IAsyncDisposable
{
    public const string A = "10.77.0.1", B = "10.77.0.2";

    // Other tests may run on this machine at the same time.
    public static readonly string HostA = $"cme{Environment.ProcessId}a", HostB = $"cme{Environment.ProcessId}b";

    // One at a time: the names are the process's, and a second test that met them used to be skipped as if there were no namespaces here.
    private static readonly SemaphoreSlim Cable = new(1, 1);

    private readonly List<Process> _running = [];

    private Network(string folder) => Folder = folder;

    /// <summary>For what one test writes.</summary>
    public string Folder { get; }

    public static async Task<Network> CreateAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "making network namespaces takes root");
        Assert.SkipWhen(Which("ip") is null, "`ip` of iproute2 is not installed; `.ci/setup discovery` installs it");
        await Cable.WaitAsync(TestContext.Current.CancellationToken);
        var network = new Network(Directory.CreateTempSubdirectory("cme-net-").FullName);
        // What a killed run of the same number left behind.
        await network.ShellAsync($"ip netns del {HostA}; ip netns del {HostB}");
        (int code, string said) = await network.ShellAsync($"""
            ip netns add {HostA} && ip netns add {HostB} && ip -n {HostA} link add eth0 type veth peer name eth0 netns {HostB} || exit 1
            n=0
            for host in {HostA} {HostB}; do
              n=$((n + 1))
              ip -n $host addr add 10.77.0.$n/24 dev eth0
              ip -n $host link set lo up
              ip -n $host link set eth0 up
              # Some programs send without naming an interface.
              ip -n $host route add default dev eth0
            done
            """);
        if (code == 0) return network;
        await network.DisposeAsync();
        Assert.Skip($"no network namespaces here: {said.Trim()}");
        throw new UnreachableException();
    }

    public static string Needs(string program)
    {
        string? path = Which(program);
        Assert.SkipWhen(path is null, $"`{program}` is not installed; `.ci/setup discovery` installs it");
        return path!;
    }

    /// <summary>The folder of the npm packages.</summary>
    public static string Packages()
    {
        Needs("node");
        string folder = Path.Combine(EdgeBinary.Root, "artifacts/discovery/node_modules");
        Assert.SkipUnless(Directory.Exists(Path.Combine(folder, "bonjour-service")), "npm's bonjour-service and @homebridge/ciao are not there; `.ci/setup discovery` fetches them");
        return folder;
    }

    /// <summary>Nothing but link-local addresses of IPv6 is left.</summary>
    public async Task WithoutIPv4Async()
    {
        foreach (string host in new[] { HostA, HostB }) await ShellAsync($"ip -n {host} -4 addr flush dev eth0; until ip -n {host} -6 addr show dev eth0 | grep -v tentative | grep -q fe80; do sleep 0.1; done");
    }

    /// <summary>Starts a program on one of the two hosts; it ends with the test.</summary>
    /// <returns>What it prints, growing.</returns>
    public Printed Start(string host, string script, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("ip", ["netns", "exec", host, "bash", "-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment.Remove("CLAWMESH_STATE_DIR");
        start.Environment.Remove("XDG_RUNTIME_DIR");
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        Process process = Process.Start(start)!;
        _running.Add(process);
        return new Printed(process);
    }

    /// <summary>avahi on one host, with a bus of its own; the script then runs beside it.</summary>
    public Printed StartAvahi(string host, string script)
    {
        Needs("avahi-daemon");
        Needs("avahi-browse");
        Needs("dbus-daemon");
        string folder = Path.Combine(Folder, host);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "bus.conf"), """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>system</type>
              <listen>unix:path=/run/dbus/system_bus_socket</listen>
              <policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>
            </busconfig>
            """);
        File.WriteAllText(Path.Combine(folder, "avahi.conf"), $"""
            [server]
            host-name=avahi-{host}
            allow-interfaces=eth0
            [publish]
            publish-workstation=no
            publish-hinfo=no
            """);
        // `ip netns exec` gives a mount namespace, so this /run is seen here alone.
        return Start(host, $"""
            mount -t tmpfs none /run && mkdir -p /run/dbus /run/avahi-daemon || exit 1
            dbus-daemon --config-file={folder}/bus.conf --nofork --nopidfile >{folder}/bus.log 2>&1 &
            until [ -S /run/dbus/system_bus_socket ]; do sleep 0.05; done
            avahi-daemon --no-drop-root --no-chroot --no-rlimits -f {folder}/avahi.conf >{folder}/avahi.log 2>&1 &
            until avahi-browse -at >/dev/null 2>&1; do sleep 0.1; done
            {script}
            wait
            """);
    }

    /// <summary>A node of ours, looking for others; its log is what it prints.</summary>
    public Printed StartNode(string host, string state, string name, string listen = "0.0.0.0:18789") =>
        Start(host, $"exec '{EdgeBinary.Path}' run --site simulated --state-dir '{state}' --name '{name}' --mesh-name discovery --listen {listen} --log-format text");

    public async ValueTask DisposeAsync()
    {
        foreach (Process process in _running)
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        await ShellAsync($"ip netns del {HostA}; ip netns del {HostB}");
        Directory.Delete(Folder, recursive: true);
        Cable.Release();
    }

    private async Task<(int Code, string Said)> ShellAsync(string script)
    {
        using Process shell = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string said = await shell.StandardError.ReadToEndAsync() + await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return (shell.ExitCode, said);
    }

    private static string? Which(string program)
    {
        foreach (string folder in $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            if (File.Exists(Path.Combine(folder, program))) return Path.Combine(folder, program);
        }

        return null;
    }
}

/// <summary>What a running program has printed so far, on both of its streams.</summary>
internal sealed class Printed
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();

    public Printed(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Text
    {
        get
        {
            lock (_lock) return _text.ToString();
        }
    }

    /// <summary>Waits until all of <paramref name="parts"/> are in one line of it.</summary>
    public async Task<string> LineAsync(params string[] parts)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            string? line = Text.Split('\n').FirstOrDefault(l => parts.All(p => l.Contains(p, StringComparison.Ordinal)));
            if (line is not null) return line;
            if (Stopwatch.GetElapsedTime(started) > Limit) throw new TimeoutException($"No line with {string.Join(" and ", parts)} within {Limit.TotalSeconds} s, only:\n{Text}");
            await Task.Delay(50);
        }
    }

    /// <summary>Ends it as a power cut does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async Task StopAsync()
    {
        using Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        await _process.WaitForExitAsync(limit.Token);
    }

    private void Add(string? line)
    {
        if (line is null) return;
        lock (_lock) _text.Append(line).Append('\n');
    }
}
