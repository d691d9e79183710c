using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Onnx;

public sealed class OrtSearchTests : IDisposable
{
    private readonly ScratchDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void The_folder_of_the_binary_comes_first_then_the_package_s_and_JetPack_before_own_builds()
    {
        FileTree.Unpack(
            """
            opt/onnxruntime/lib/libonnxruntime.so: x
            usr/local/lib/libonnxruntime.so.1: x
            usr/lib/aarch64-linux-gnu/libonnxruntime.so: x
            usr/lib/x86_64-linux-gnu/libonnxruntime.so.1: x
            usr/lib/clawmesh-edge/onnxruntime/libonnxruntime.so.1: x
            app/libonnxruntime.so.1: x
            """, _root.Path);

        IEnumerable<string> found = OrtSearch.Candidates(null, _root.At("app"), _root.Path).Where(File.Exists).Select(f => Path.GetRelativePath(_root.Path, f));

        Assert.Equal(["app/libonnxruntime.so.1", "usr/lib/clawmesh-edge/onnxruntime/libonnxruntime.so.1", "usr/lib/aarch64-linux-gnu/libonnxruntime.so", "usr/local/lib/libonnxruntime.so.1", "usr/lib/x86_64-linux-gnu/libonnxruntime.so.1", "opt/onnxruntime/lib/libonnxruntime.so"], found);
    }

    [Fact]
    public void A_configured_file_or_folder_is_the_only_one_that_is_tried()
    {
        FileTree.Unpack("mine/libonnxruntime.so.1: x\nusr/local/lib/libonnxruntime.so.1: x", _root.Path);

        Assert.Equal([_root.At("mine/libonnxruntime.so.1"), _root.At("mine/libonnxruntime.so")], OrtSearch.Candidates(_root.At("mine"), _root.Path, _root.Path));
        Assert.Equal([_root.At("absent.so")], OrtSearch.Candidates(_root.At("absent.so"), _root.Path, _root.Path));
    }

    [Fact]
    public void Without_a_usable_library_every_place_is_told_with_its_reason()
    {
        FileTree.Unpack("usr/local/lib/libonnxruntime.so.1: not a library", _root.Path);

        EdgeException none = Assert.Throws<EdgeException>(() => OrtLibrary.Open(OrtSearch.Candidates(null, _root.At("app"), _root.Path)));

        Assert.Equal(("model.no_runtime", FailureClass.Model), (none.Code, none.FailureClass));
        Assert.Contains($"{_root.At("app/libonnxruntime.so.1")}: not there", none.Why, StringComparison.Ordinal);
        Assert.Matches("local/lib/libonnxruntime.so.1: .*(too short|invalid ELF)", none.Why);
        Assert.Contains("opt/onnxruntime/lib", none.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_library_under_that_name_is_passed_over()
    {
        string libc = File.Exists("/lib/x86_64-linux-gnu/libm.so.6") ? "/lib/x86_64-linux-gnu/libm.so.6" : "/lib/aarch64-linux-gnu/libm.so.6";
        Assert.SkipUnless(File.Exists(libc), "needs libm.so.6 where Debian puts it");
        File.Copy(libc, _root.At("libonnxruntime.so.1"));

        EdgeException none = Assert.Throws<EdgeException>(() => OrtLibrary.Open(OrtSearch.Candidates(_root.Path, "", "/")));

        Assert.Contains("it is not ONNX Runtime", none.Why, StringComparison.Ordinal);
    }
}
