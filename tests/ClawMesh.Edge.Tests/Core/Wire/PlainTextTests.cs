using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Tests.Core.Wire;

public class PlainTextTests
{
    [Theory]
    [InlineData("", 8, "")]
    [InlineData("pump 1", 8, "pump 1")]
    [InlineData("12345678", 8, "12345678")]
    [InlineData("123456789", 8, "12345678…")]
    [InlineData("a\u001b[2Jb", 8, "a [2Jb")]
    [InlineData("a\r\nb\tc\u0000", 8, "a  b c ")]
    [InlineData("a\u007f\u0085\u009bb", 8, "a   b")]
    [InlineData("1\n3456789", 8, "1 345678…")]
    public void Control_characters_used_to_reach_the_terminal_and_the_length_had_no_bound(string text, int max, string shown) =>
        Assert.Equal(shown, PlainText.Of(text, max));

    [Theory]
    [InlineData("1234567\U0001F4A7", 8, "1234567…")]
    [InlineData("123456\U0001F4A7", 8, "123456\U0001F4A7")]
    [InlineData("123456\U0001F4A79", 8, "123456\U0001F4A7…")]
    [InlineData("\n23456\n\U0001F4A7", 8, " 23456 …")]
    [InlineData("\U0001F4A7", 1, "…")]
    public void A_cut_never_leaves_half_of_a_surrogate_pair(string text, int max, string shown) =>
        Assert.Equal(shown, PlainText.Of(text, max));
}
