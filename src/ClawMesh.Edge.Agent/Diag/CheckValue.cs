using System.Text.Json;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>One measured value for programs; its unit is the last word of the name.</summary>
internal readonly record struct CheckValue
{
    private readonly string? _text;
    private readonly double? _number;
    private readonly bool _flag;

    public CheckValue(string name, string text) => (Name, _text) = (name, text);

    /// <param name="number">What is not finite is written as <c>null</c>: JSON has no word for it.</param>
    public CheckValue(string name, double number) => (Name, _number) = (name, number);

    public CheckValue(string name, bool flag) => (Name, _flag) = (name, flag);

    public string Name { get; }

    public void Write(Utf8JsonWriter writer)
    {
        if (_text is not null) writer.WriteString(Name, _text);
        else if (_number is not { } number) writer.WriteBoolean(Name, _flag);
        else if (double.IsFinite(number)) writer.WriteNumber(Name, number);
        else writer.WriteNull(Name);
    }
}
