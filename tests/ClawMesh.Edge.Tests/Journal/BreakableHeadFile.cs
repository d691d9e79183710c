using ClawMesh.Edge.Journal.Chain;

namespace ClawMesh.Edge.Tests.Journal;

/// <summary>A head file on a disk that can be told to fail.</summary>
internal sealed class BreakableHeadFile(IHeadFile inner) : IHeadFile
{
    private volatile bool _broken;

    public bool Broken
    {
        get => _broken;
        set => _broken = value;
    }

    public byte[]? Read() => inner.Read();

    public void Write(byte[] json)
    {
        if (_broken) throw new IOException("Input/output error");
        inner.Write(json);
    }
}
