using ClawMesh.Edge.Journal.Frames;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Tests.Journal;

/// <summary>A store of 64 MiB is searched, never walked through.</summary>
public sealed class FramePlanTests : IDisposable
{
    private readonly JournalBench _bench = new();

    [Fact]
    public void Every_statement_finds_its_frames_by_an_index_and_sorts_nothing_but_a_page()
    {
        _bench.Open().Dispose();
        using SqliteConnection connection = _bench.OpenRaw();
        foreach (string sql in FrameSql.All)
        {
            var plan = new List<string>();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "EXPLAIN QUERY PLAN " + sql;
            foreach (string name in sql.Split([' ', ')', ',', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Where(w => w[0] == '$' || w.Contains("($", StringComparison.Ordinal)).Select(w => w[w.IndexOf('$', StringComparison.Ordinal)..]).Distinct())
                command.Parameters.AddWithValue(name, 1);
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read()) plan.Add(reader.GetString(3));

            string all = $"{sql}\n{string.Join('\n', plan)}";
            bool newest = sql == FrameSql.Newest;
            bool merged = sql == FrameSql.OwnAfter;
            Assert.True(plan.Any(step => step.Contains("USING", StringComparison.Ordinal) && step.StartsWith("SEARCH", StringComparison.Ordinal)) || newest, all);
            Assert.True(plan.All(step => !step.StartsWith("SCAN", StringComparison.Ordinal) || newest || (merged && step.Contains("subquery", StringComparison.OrdinalIgnoreCase))), all);
            Assert.True(plan.All(step => !step.Contains("TEMP B-TREE", StringComparison.Ordinal)) || merged, all);
        }
    }

    public void Dispose() => _bench.Dispose();
}
