using System.CommandLine;
using System.CommandLine.Completions;
using ClawMesh.Edge.Agent.Cli;

namespace ClawMesh.Edge.Tests.House.Shell;

/// <summary>What may follow an option or stand as an argument, as far as a shell can help with it.</summary>
/// <param name="Words">The allowed words; empty for a file, a folder or free text.</param>
internal sealed record ValueWords(ValueKind Kind, IReadOnlyList<string> Words);

internal enum ValueKind
{
    Text,
    Words,
    File,
    Directory,
}

/// <summary>An option as a person types it.</summary>
/// <param name="Names">The long name first.</param>
/// <param name="Value">Null for a switch.</param>
internal sealed record OptionWords(IReadOnlyList<string> Names, string Help, string ValueName, ValueWords? Value);

internal sealed record ArgumentWords(string Name, string Help, bool Optional, bool Repeats, ValueWords Value);

/// <summary>A command with what can follow it. The root's path is empty.</summary>
internal sealed record VerbWords(string Path, string Help, IReadOnlyList<VerbWords> Verbs, IReadOnlyList<OptionWords> Options, IReadOnlyList<ArgumentWords> Arguments)
{
    public string Name => Path[(Path.LastIndexOf(' ') + 1)..];

    /// <summary>The tree the binary itself parses with. <c>--help</c> is left out: it is everywhere.</summary>
    public static VerbWords Root() => Read(CommandTree.Build(TextWriter.Null, TextWriter.Null, TimeProvider.System).Root, "");

    public IEnumerable<VerbWords> All() => [this, .. Verbs.SelectMany(v => v.All())];

    private static VerbWords Read(Command command, string path) => new(
        path,
        command.Description ?? "",
        [.. command.Subcommands.Where(c => !c.Hidden).Select(c => Read(c, $"{path} {c.Name}".Trim()))],
        [.. command.Options.Where(o => !o.Hidden && o.Name != "--help").Select(Read)],
        [.. command.Arguments.Where(a => !a.Hidden).Select(Read)]);

    private static OptionWords Read(Option option)
    {
        bool isSwitch = option.ValueType == typeof(bool);
        return new([option.Name, .. option.Aliases.Order(StringComparer.Ordinal)], option.Description ?? "", option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant(),
            isSwitch ? null : Value(option.HelpName ?? "", option.GetCompletions(CompletionContext.Empty)));
    }

    private static ArgumentWords Read(Argument argument) => new(
        argument.Name, argument.Description ?? "", argument.Arity.MinimumNumberOfValues == 0, argument.Arity.MaximumNumberOfValues > 1,
        Value(argument.Name, argument.GetCompletions(CompletionContext.Empty)));

    private static ValueWords Value(string name, IEnumerable<CompletionItem> allowed)
    {
        string[] words = [.. allowed.Select(c => c.InsertText ?? c.Label)];
        ValueKind kind = words.Length > 0 ? ValueKind.Words
            : name.Split('|').Contains("FILE") || name == "PATH" ? ValueKind.File
            : name == "DIR" ? ValueKind.Directory
            : ValueKind.Text;
        return new(kind, words);
    }
}
