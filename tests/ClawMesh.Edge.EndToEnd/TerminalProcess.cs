using System.Diagnostics;
using System.Text;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>The published binary on a terminal of its own, as <c>script</c> of util-linux makes one: it is its controlling terminal and it is in the foreground.</summary>
internal sealed class TerminalProcess : IAsyncDisposable
{
    private const string Script = "/usr/bin/script";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _shown = new();
    private readonly Task _reading;

    private TerminalProcess(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    /// <summary>Everything the terminal has shown, what was typed included.</summary>
    public string Shown
    {
        get
        {
            lock (_shown) return _shown.ToString();
        }
    }

    public static TerminalProcess Start(params ReadOnlySpan<string> arguments)
    {
        Assert.SkipWhen(!File.Exists(Script), $"there is no {Script} to make a terminal with");
        var command = new StringBuilder("exec ").Append(Quoted(EdgeBinary.Path));
        foreach (string argument in arguments) command.Append(' ').Append(Quoted(argument));
        var start = new ProcessStartInfo(Script, ["-qec", command.ToString(), "/dev/null"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove("CLAWMESH_STATE_DIR");
        start.Environment.Remove("XDG_RUNTIME_DIR");
        start.Environment["TERM"] = "xterm";
        return new TerminalProcess(Process.Start(start)!);
    }

    /// <summary>Waits for a text; returns what was shown from it on.</summary>
    public async Task<string> UntilAsync(string text)
    {
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < Limit)
        {
            bool over = _reading.IsCompleted;
            string shown = Shown;
            int at = shown.IndexOf(text, StringComparison.Ordinal);
            if (at >= 0) return shown[at..];
            if (over) break;
            await Task.Delay(50);
        }

        throw new TimeoutException($"'{text}' was not shown, but: {Shown}");
    }

    public async Task TypeAsync(string line)
    {
        await _process.StandardInput.WriteAsync($"{line}\r");
        await _process.StandardInput.FlushAsync();
    }

    public async Task<int> ExitCodeAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(limit.Token);
        await _reading;
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string Quoted(string argument) => $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private async Task ReadAsync()
    {
        char[] read = new char[1024];
        for (int length; (length = await _process.StandardOutput.ReadAsync(read)) > 0;)
        {
            lock (_shown) _shown.Append(read, 0, length);
        }
    }
}
