namespace ClawMesh.Edge.Benchmarks.Wire;

/// <summary>Figures of several targets, kept until all are measured, so that those of one kind stand below each other.</summary>
internal sealed class WireFigures
{
    private readonly List<(string What, List<(string Target, string Figure, string Budget, bool? Met)> Rows)> _groups = [];

    public void Add(string what, string target, string figure, string budget = "", bool? met = null)
    {
        int at = _groups.FindIndex(g => g.What == what);
        if (at < 0)
        {
            at = _groups.Count;
            _groups.Add((what, []));
        }

        // A fault's text may have lines, which a table's cell has not.
        _groups[at].Rows.Add((target, figure.Trim().ReplaceLineEndings(" ").Replace('|', '/'), budget, met));
    }

    public void Print(TextWriter output)
    {
        var table = new FigureTable();
        foreach ((string what, List<(string Target, string Figure, string Budget, bool? Met)> rows) in _groups)
        {
            foreach ((string target, string figure, string budget, bool? met) in rows) table.Add($"{what} [{target}]", figure, budget, met);
        }

        table.Print(output);
    }
}
