using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>The boards this node knows: those inside the binary, and those of a directory, which come first.</summary>
/// <param name="overrideDirectory">Need not exist.</param>
public sealed class BoardCatalog(string overrideDirectory = BoardCatalog.SystemDirectory)
{
    public const string SystemDirectory = "/etc/clawmesh-edge/boards";

    private readonly ConfigDirectory _files = new("boards", overrideDirectory);
    private (string Name, string Text, string Origin)? _only;

    /// <summary>A catalog of one board whose text is at hand, such as the one the last node ran on.</summary>
    public static BoardCatalog Only(string name, string text, string origin) => new() { _only = (name, text, origin) };

    /// <summary>The text of a board as it stands in its file; null when nobody has it.</summary>
    public string? TextOf(string name) => _only is { } only ? (only.Name == name ? only.Text : null) : ConfigDirectory.IsName(name) ? _files.Read(name, [])?.Text : null;

    /// <summary>Names in order; a name may still turn out to be a broken file.</summary>
    public IReadOnlyList<string> Names() => _files.Names();

    /// <summary>Every board, broken ones with their problems.</summary>
    public IReadOnlyList<BoardReadResult> List() => [.. Names().Select(Read)];

    public BoardReadResult Read(string name)
    {
        var problems = new List<ConfigProblem>();
        if (_only is { } only && only.Name == name) return BoardFile.Read(only.Text, only.Origin);
        if (ConfigDirectory.IsName(name) && _files.Read(name, problems) is { } file)
        {
            BoardReadResult read = BoardFile.Read(file.Text, file.Origin);
            return read.Board is null || read.Board.Name == name
                ? read
                : new BoardReadResult(null, [.. read.Problems, new(ProblemSeverity.Error, "name", $"{file.Origin} calls itself '{read.Board.Name}'.", $"Name the file '{read.Board.Name}.json'.")], file.Origin);
        }

        if (problems.Count == 0)
            problems.Add(new(ProblemSeverity.Error, "board", $"There is no board '{name}'; this node knows {string.Join(", ", Names())}.", $"Choose one of them, or put {name}.json into {overrideDirectory}."));
        return new BoardReadResult(null, problems, "");
    }
}

/// <param name="Board">Null when there is an error among the problems.</param>
/// <param name="Origin">A path, or <c>embedded:boards/NAME</c>.</param>
public sealed record BoardReadResult(BoardDefinition? Board, IReadOnlyList<ConfigProblem> Problems, string Origin);
