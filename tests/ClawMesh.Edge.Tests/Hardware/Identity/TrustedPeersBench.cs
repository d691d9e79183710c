using System.Buffers.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Identity;

/// <summary>A state directory for trust stores, with two devices to put in.</summary>
public abstract class TrustedPeersBench : IDisposable
{
    private protected static readonly (NodeId Id, string Key) One = Device(1);
    private protected static readonly (NodeId Id, string Key) Two = Device(2);

    private readonly ScratchDirectory _state = new();

    private protected ManualTime Time { get; } = new();

    private protected string StatePath => _state.Path;

    public void Dispose()
    {
        _state.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static (NodeId Id, string Key) Device(byte seed)
    {
        byte[] key = [.. Enumerable.Repeat(seed, 32)];
        return (DeviceIds.Of(key), Base64Url.EncodeToString(key));
    }

    private protected static void Fails(string code, Action act) => Assert.Equal(code, Assert.Throws<EdgeException>(act).Code);

    private protected TrustedPeersFile Open(int lockAttempts = TrustStoreLock.DefaultAttempts) => new(_state.Path, Time, lockAttempts);

    private protected void Put(string text) => _state.Put(TrustedPeersFile.RelativePath, text);

    private protected byte[] Bytes() => File.ReadAllBytes(_state.At(TrustedPeersFile.RelativePath));
}
