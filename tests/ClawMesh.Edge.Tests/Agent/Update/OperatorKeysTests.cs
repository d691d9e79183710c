using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Update;

public sealed class OperatorKeysTests : IDisposable
{
    private readonly BundleMaker _maker = new();
    private readonly ScratchDirectory _scratch = new();

    [Fact]
    public void Comments_and_empty_lines_are_passed_over() => Assert.Equal(1, OperatorKeys.Parse($"# who may sign\n\n  {_maker.KeyLine}\n", "update.keys").Count);

    [Theory]
    [InlineData("")]
    [InlineData("# nobody yet\n")]
    [InlineData("short a name")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!")]
    public void A_file_without_a_sound_key_is_refused(string text) => Assert.Equal("update.keys_unusable", Assert.Throws<EdgeException>(() => OperatorKeys.Parse(text, "update.keys")).Code);

    [Fact]
    public void One_bad_line_spoils_the_file_and_is_named() =>
        Assert.Contains("Line 2", Assert.Throws<EdgeException>(() => OperatorKeys.Parse($"{_maker.KeyLine}\nnonsense\n", "update.keys")).Why, StringComparison.Ordinal);

    [Fact]
    public void A_file_that_others_may_write_is_refused()
    {
        string path = _scratch.Put("update.keys", _maker.KeyLine + "\n");
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_100);

        EdgeException refused = Assert.Throws<EdgeException>(() => OperatorKeys.Load(path));

        Assert.Equal("update.keys_unusable", refused.Code);
        Assert.Contains("0664", refused.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void No_file_means_that_nobody_may_sign() => Assert.Equal("update.keys_unusable", Assert.Throws<EdgeException>(() => OperatorKeys.Load(_scratch.At("update.keys"))).Code);

    public void Dispose()
    {
        _maker.Dispose();
        _scratch.Dispose();
    }
}
