using System.ComponentModel;
using System.Diagnostics;

namespace ClawMesh.Edge.TestKit.Cuda;

/// <summary>
/// A <c>libcuda.so.1</c> of its own for one test: the product's kernel compiled for this processor (fake_cuda.c), with faults on demand.
/// Needs gcc, which Native AOT needs too; <see cref="WhyNot"/> says when it is missing.
/// </summary>
public sealed class FakeCuda : IDisposable
{
    private static readonly Lazy<(byte[]? Library, string? WhyNot)> Compiled = new(Compile);

    private readonly string _folder = Directory.CreateTempSubdirectory("fake-cuda-").FullName;

    public FakeCuda()
    {
        Library = Path.Combine(_folder, "libcuda.so.1");
        // A file of its own, so that the loader makes a library of its own of it, with its own state.
        File.WriteAllBytes(Library, Compiled.Value.Library ?? throw new InvalidOperationException(WhyNot));
    }

    /// <summary>Why there can be none on this machine; null when there can.</summary>
    public static string? WhyNot => Compiled.Value.WhyNot;

    /// <summary>The path to name in the configuration.</summary>
    public string Library { get; }

    /// <param name="faults">As fake_cuda.c lists them: <c>launch_fails_from=3</c>. Empty for none.</param>
    public void Inject(string faults)
    {
        // In one step: it is read at any moment.
        string file = Path.Combine(_folder, "fake_cuda.control");
        File.WriteAllText(file + ".new", faults);
        File.Move(file + ".new", file, overwrite: true);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (byte[]? Library, string? WhyNot) Compile()
    {
        string folder = Directory.CreateTempSubdirectory("fake-cuda-build-").FullName;
        try
        {
            foreach (string source in new[] { "fake_cuda.c", "rollout.cu" }) Extract(source, folder);
            var start = new ProcessStartInfo("gcc") { WorkingDirectory = folder, RedirectStandardError = true };
            foreach (string argument in "-std=gnu11 -O2 -march=native -ffp-contract=off -fPIC -shared -o libcuda.so.1 fake_cuda.c -ldl -lm".Split(' ')) start.ArgumentList.Add(argument);
            using Process gcc = Process.Start(start)!;
            string said = gcc.StandardError.ReadToEnd();
            gcc.WaitForExit();
            if (gcc.ExitCode != 0) throw new InvalidOperationException($"gcc could not compile fake_cuda.c: {said}");
            return (File.ReadAllBytes(Path.Combine(folder, "libcuda.so.1")), null);
        }
        catch (Win32Exception missing)
        {
            return (null, $"no C compiler (gcc) to make the fake libcuda with: {missing.Message}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Extract(string source, string folder)
    {
        using Stream from = typeof(FakeCuda).Assembly.GetManifestResourceStream($"cuda/{source}")!;
        using FileStream to = File.Create(Path.Combine(folder, source));
        from.CopyTo(to);
    }
}
