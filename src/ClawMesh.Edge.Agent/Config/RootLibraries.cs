using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Config;

/// <summary>
/// node.json belongs to the node's user, and a library that it names runs with the rights of whoever loads it. So root loads only what is
/// root's own; every other user has nothing to lose that the node does not have.
/// </summary>
/// <param name="userId">Who would load it.</param>
internal sealed class RootLibraries(uint userId)
{
    /// <summary>Of this process.</summary>
    public static RootLibraries Own { get; } = new(HostKernel.EffectiveUserId);

    /// <summary>The choice with the paths that were looked at, links resolved.</summary>
    /// <exception cref="EdgeException"><c>model.library_not_roots</c>.</exception>
    public ModelChoice Checked(ModelChoice choice) => choice with { CudaLibrary = Cuda(choice.CudaLibrary), Runtime = Runtime(choice.Runtime) };

    /// <exception cref="EdgeException"><c>model.library_not_roots</c>.</exception>
    public OrtOptions Runtime(OrtOptions options)
    {
        if (userId != 0) return options;
        // TensorRT makes programs of what it finds there; without the folder it builds them again.
        string? cache = options.EngineCache is { } folder && RootsOwn.WhyNot(folder, out string mine) is null ? mine : null;
        if (options.Library is not { } configured) return options with { EngineCache = cache };
        string chosen = configured;
        foreach (string candidate in OrtSearch.Candidates(configured, "", "/"))
        {
            chosen = Real(candidate, ConfigKeys.ModelsOnnxRuntime);
            if (File.Exists(chosen)) break;
        }

        return options with { Library = chosen, EngineCache = cache };
    }

    /// <exception cref="EdgeException"><c>model.library_not_roots</c>.</exception>
    public string? Cuda(string? configured) =>
        // A bare name is looked for by the loader, in the system's own folders.
        userId != 0 || configured is null || !configured.Contains('/') ? configured : Real(configured, ConfigKeys.ModelsCuda);

    private static string Real(string path, string key)
    {
        if (RootsOwn.WhyNot(path, out string real) is not { } why) return real;
        throw new EdgeException(
            "model.library_not_roots", $"Did not load '{path}' as root.", $"`{key}` names it, and {why}: whoever can change it would run as root.",
            "Run it as `sudo -u clawmesh-edge`, or keep the library where only root may write.", FailureClass.Config);
    }
}
