using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Onnx;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>The ONNX Runtime in use. It stays loaded until the process ends. Thread-safe.</summary>
public sealed class OrtLibrary
{
    private static readonly Lock Gate = new();
    private static OrtLibrary? _last;

    private OrtLibrary(OrtApi api, string path, IReadOnlyList<string> tried) =>
        (Api, Path, Tried, BuiltIn) = (api, path, tried, api.BuiltInProviders());

    public string Path { get; }

    /// <summary>For example <c>1.30.0</c>.</summary>
    public string Version => Api.Version;

    /// <summary>What was tried before <see cref="Path"/>, each with the reason it was not taken.</summary>
    public IReadOnlyList<string> Tried { get; }

    /// <summary>Providers this library was built with, in its own words. Whether one works shows a run alone.</summary>
    public IReadOnlyList<string> BuiltIn { get; }

    internal OrtApi Api { get; }

    internal string Folder => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>Finds and loads it; the second time, the same one is handed out.</summary>
    /// <exception cref="EdgeException"><c>model.no_runtime</c> (model): there is none, or none that can be used.</exception>
    public static OrtLibrary Open(OrtOptions options) => Open(OrtSearch.Candidates(options.Library, AppContext.BaseDirectory, "/"));

    internal static OrtLibrary Open(IReadOnlyList<string> candidates)
    {
        var tried = new List<string>();
        foreach (string candidate in candidates)
        {
            if (!File.Exists(candidate))
            {
                tried.Add($"{candidate}: not there");
                continue;
            }

            string path = System.IO.Path.GetFullPath(candidate);
            try
            {
                // Each load makes another environment, so one file is loaded once.
                lock (Gate) return _last?.Path == path ? _last : _last = new OrtLibrary(OrtApi.Load(path), path, tried);
            }
            catch (Exception unusable) when (unusable is OrtFault or DllNotFoundException or BadImageFormatException)
            {
                tried.Add($"{candidate}: {LastLine(unusable.Message)}");
            }
        }

        throw new EdgeException(
            "model.no_runtime", "Could not load ONNX Runtime, which runs models.", $"Tried {string.Join("; ", tried)}.",
            "Put libonnxruntime.so.1 (1.17 or later) beside the program, or set `models.onnxRuntime` to its path; docs/models.md says where to get it, for a Jetson too.", FailureClass.Model);
    }

    // The base library puts general advice before what the loader said.
    private static string LastLine(string text) => text.TrimEnd()[(text.TrimEnd().LastIndexOf('\n') + 1)..].Trim().TrimEnd('.');
}
