using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Config;

public sealed class RootLibrariesTests : IDisposable
{
    private static readonly RootLibraries Root = new(0);

    private readonly ScratchDirectory _scratch = new();

    public RootLibrariesTests() => File.SetUnixFileMode(_scratch.Path, (UnixFileMode)0b111_111_111);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Root_does_not_load_what_another_user_could_change()
    {
        string library = _scratch.Put("libonnxruntime.so.1", "");

        foreach (string named in (string[])[library, _scratch.Path, _scratch.At("absent.so")])
        {
            EdgeException refused = Assert.Throws<EdgeException>(() => Root.Runtime(new OrtOptions { Library = named }));
            Assert.Equal("model.library_not_roots", refused.Code);
            Assert.Contains("sudo -u clawmesh-edge", refused.Fix, StringComparison.Ordinal);
        }

        Assert.Throws<EdgeException>(() => Root.Cuda(library));
        Assert.Null(Root.Runtime(new OrtOptions { EngineCache = _scratch.Path }).EngineCache);
    }

    [Fact]
    public void What_is_roots_own_or_the_systems_is_loaded()
    {
        Assert.Equal("/nowhere/x.so", Root.Runtime(new OrtOptions { Library = "/nowhere/x.so" }).Library);
        Assert.Equal("/nowhere/libcuda.so.1", Root.Cuda("/nowhere/libcuda.so.1"));
        Assert.Equal("libcuda.so.1", Root.Cuda("libcuda.so.1"));
        Assert.Equal(new OrtOptions(), Root.Runtime(new OrtOptions()));
    }

    [Fact]
    public void Any_other_user_may_load_what_he_likes()
    {
        var options = new OrtOptions { Library = _scratch.Put("mine.so", ""), EngineCache = _scratch.Path };

        Assert.Equal(options, new RootLibraries(1000).Runtime(options));
    }
}
