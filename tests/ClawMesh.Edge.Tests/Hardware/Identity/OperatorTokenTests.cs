#pragma warning disable CA1416

using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Identity;

public sealed class OperatorTokenTests : IDisposable
{
    private static readonly string Hex = string.Concat(Enumerable.Repeat("0f", 32));
    private readonly ScratchDirectory _state = new();

    [Fact]
    [Trait("spec", "X-64")]
    public void A_token_is_made_once_as_64_digits_and_a_newline_for_its_owner_alone()
    {
        Assert.Null(OperatorToken.TryRead(_state.Path));

        using OperatorToken first = OperatorToken.LoadOrCreate(_state.Path);
        using OperatorToken second = OperatorToken.LoadOrCreate(_state.Path);

        Assert.Equal(32, first.Bytes.Length);
        Assert.Equal(first.Bytes, second.Bytes);
        Assert.Equal(Convert.ToHexStringLower(first.Bytes) + "\n", File.ReadAllText(_state.At("operator.token")));
        Assert.Equal("0600", UnixMode.Octal(UnixMode.Of(_state.At("operator.token"))));
        using var other = new ScratchDirectory();
        using OperatorToken theirs = OperatorToken.LoadOrCreate(other.Path);
        Assert.NotEqual(first.Bytes, theirs.Bytes);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    [Trait("spec", "X-64")]
    public void A_token_that_others_have_rights_to_is_refused(UnixFileMode more)
    {
        using (OperatorToken.LoadOrCreate(_state.Path)) { }
        string path = _state.At("operator.token");
        File.SetUnixFileMode(path, UnixMode.OwnerOnly | more);

        Assert.Equal("operator.token_exposed", Assert.Throws<EdgeException>(() => OperatorToken.LoadOrCreate(_state.Path)).Code);
        Assert.Equal("operator.token_exposed", Assert.Throws<EdgeException>(() => OperatorToken.TryRead(_state.Path)).Code);
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(62, "\n")]
    [InlineData(63, "g\n")]
    [InlineData(64, "00\n")]
    [InlineData(64, "\n\n\n")]
    public void A_damaged_file_is_reported_without_its_text_and_left_alone(int digits, string rest)
    {
        string text = Hex[..digits] + rest;
        string path = Put(text);

        var fault = Assert.Throws<EdgeException>(() => OperatorToken.LoadOrCreate(_state.Path));

        Assert.Equal("operator.token_unreadable", fault.Code);
        if (digits > 0) Assert.DoesNotContain(Hex[..digits], fault.ToString(), StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllText(path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void The_line_end_does_not_matter(string end)
    {
        Put(Hex.ToUpperInvariant() + end);

        using OperatorToken? token = OperatorToken.TryRead(_state.Path);

        Assert.Equal(Convert.FromHexString(Hex), token?.Bytes);
    }

    [Fact]
    [Trait("spec", "X-64")]
    public void A_client_takes_the_environment_before_the_file()
    {
        using (OperatorToken.LoadOrCreate(_state.Path)) { }

        using OperatorToken? given = OperatorToken.FromEnvironmentOrFile(name => name == "CLAWMESH_OPERATOR_TOKEN" ? Hex : null, _state.Path);
        using OperatorToken? stored = OperatorToken.FromEnvironmentOrFile(_ => null, _state.Path);

        Assert.Equal(Convert.FromHexString(Hex), given?.Bytes);
        Assert.NotEqual(given?.Bytes, stored?.Bytes);
        Assert.Null(OperatorToken.FromEnvironmentOrFile(_ => "", _state.At("nowhere")));
        var fault = Assert.Throws<EdgeException>(() => OperatorToken.FromEnvironmentOrFile(_ => "secret but short", _state.Path));
        Assert.Equal("operator.token_unreadable", fault.Code);
        Assert.DoesNotContain("secret but short", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "X-64")]
    public void The_token_is_in_no_text_and_is_wiped_at_the_end()
    {
        Put(Hex + "\n");
        OperatorToken token = OperatorToken.TryRead(_state.Path)!;

        Assert.DoesNotContain(Hex, token.ToString(), StringComparison.OrdinalIgnoreCase);
        token.Dispose();
        Assert.All(token.Bytes, b => Assert.Equal(0, b));
    }

    public void Dispose() => _state.Dispose();

    private string Put(string text)
    {
        string path = _state.Put("operator.token", text);
        File.SetUnixFileMode(path, UnixMode.OwnerOnly);
        return path;
    }
}
