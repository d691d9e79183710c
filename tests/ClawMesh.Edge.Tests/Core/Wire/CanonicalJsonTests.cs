using System.Globalization;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Tests.Core.Wire;

/// <summary>The canonical form of RFC 8785: its own samples (sections 3.2.2 and 3.2.3), and what must hold for any value.</summary>
[Trait("spec", "X-4")]
public class CanonicalJsonTests
{
    [Fact]
    public void The_sample_of_section_3_2_2_has_the_form_the_section_gives()
    {
        const string input = """{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}""";
        Assert.Equal("""{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}""", Canonical(input));
    }

    [Fact]
    public void Members_are_sorted_by_their_UTF_16_units_as_in_section_3_2_3()
    {
        const string input = """{"\u20ac":"Euro","\r":"Return","\ufb33":"Dalet","1":"One","\ud83d\ude00":"Face","\u0080":"Control","\u00f6":"O"}""";
        using JsonDocument sorted = JsonDocument.Parse(Canonical(input));
        Assert.Equal(["Return", "One", "Control", "O", "Euro", "Face", "Dalet"], sorted.RootElement.EnumerateObject().Select(m => m.Value.GetString()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_order_and_spelling_a_value_has_its_form_is_one_and_means_the_same(int seed)
    {
        var chance = new Random(seed);
        for (int i = 0; i < 400; i++)
        {
            object? value = Value(chance, 0);
            string one = Text(value, chance, shuffled: false), other = Text(value, chance, shuffled: true);
            string canonical = Canonical(one);
            Assert.Equal(canonical, Canonical(other));
            Assert.Equal(canonical, Canonical(canonical));
            using JsonDocument before = JsonDocument.Parse(one), after = JsonDocument.Parse(canonical);
            Assert.True(JsonElement.DeepEquals(before.RootElement, after.RootElement), $"{one} became {canonical}");
        }
    }

    [Fact]
    public void Every_number_reads_back_as_the_same_double_and_no_shorter_text_does()
    {
        var chance = new Random(8785);
        for (int i = 0; i < 20_000; i++)
        {
            double value = BitConverter.Int64BitsToDouble(chance.NextInt64(long.MinValue, long.MaxValue));
            if (!double.IsFinite(value)) continue;
            string text = CanonicalJson.NumberText(value);
            Assert.Equal(value, double.Parse(text, CultureInfo.InvariantCulture));
            string digits = text.Split('e')[0].Replace(".", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).Trim('0');
            Assert.InRange(digits.Length, 1, 17);
        }
    }

    private static string Canonical(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return Encoding.UTF8.GetString(CanonicalJson.Canonicalise(document.RootElement));
    }

    private static object? Value(Random chance, int depth) => chance.Next(depth > 3 ? 5 : 7) switch
    {
        0 => null,
        1 => chance.Next(2) == 0,
        2 => (double)chance.Next(-1_000_000, 1_000_000),
        3 => Math.Round(chance.NextDouble() * 1_000, 6),
        4 => Word(chance),
        5 => Enumerable.Range(0, chance.Next(5)).Select(_ => Value(chance, depth + 1)).ToList(),
        _ => Enumerable.Range(0, chance.Next(6)).Select(_ => Word(chance)).Distinct().ToDictionary(w => w, _ => Value(chance, depth + 1)),
    };

    private static string Word(Random chance) => string.Concat(Enumerable.Range(0, chance.Next(1, 8)).Select(_ => (string[])["a", "Z", "0", "\"", "\\", "\n", "\u0001", "é", "€", "😀", "/", "_"]).Select(all => all[chance.Next(all.Length)]));

    // The same value again: members in another order, white space, texts escaped or not, numbers with a tail of zeros.
    private static string Text(object? value, Random chance, bool shuffled)
    {
        string space = shuffled && chance.Next(2) == 0 ? " \n" : "";
        return value switch
        {
            null => "null",
            bool flag => flag ? "true" : "false",
            double number => number.ToString(shuffled ? "0.000000" : "0.######", CultureInfo.InvariantCulture),
            string text => shuffled ? $"\"{string.Concat(text.Select(c => $"\\u{(int)c:x4}"))}\"" : JsonSerializer.Serialize(text),
            List<object?> list => $"[{space}{string.Join($",{space}", list.Select(v => Text(v, chance, shuffled)))}]",
            Dictionary<string, object?> members => $"{{{space}{string.Join($",{space}", (shuffled ? members.OrderByDescending(m => m.Key, StringComparer.Ordinal) : members.AsEnumerable()).Select(m => $"{Text(m.Key, chance, shuffled)}:{space}{Text(m.Value, chance, shuffled)}"))}}}",
            _ => throw new ArgumentOutOfRangeException(nameof(value)),
        };
    }
}
