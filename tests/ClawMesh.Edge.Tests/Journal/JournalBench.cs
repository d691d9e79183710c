using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Journal;
using ClawMesh.Edge.Journal.Chain;
using ClawMesh.Edge.Journal.Reading;
using ClawMesh.Edge.TestKit;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Tests.Journal;

/// <summary>A state directory, a clock, a signer, and the sentences that journal tests begin with. Removes the directory afterwards.</summary>
internal sealed class JournalBench : IDisposable
{
    public const string Valve = "actuator:valve:zone-1";
    private byte _boots;

    public JournalBench()
    {
        Directory.CreateDirectory(StateDirectory);
        Paths = new JournalPaths(StateDirectory);
        HeadFile = new HeadFile(Paths.Head);
    }

    public string StateDirectory { get; } = Path.Combine(Path.GetTempPath(), $"clawmesh journal #{Guid.NewGuid():N}");

    public JournalPaths Paths { get; }

    public ManualTime Time { get; } = new();

    public TestSigner Signer { get; } = new();

    public IHeadFile HeadFile { get; set; }

    public JournalOptions Options { get; set; } = JournalOptions.Default;

    public ClockClass ClockClass { get; set; } = ClockClass.Synchronised;

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Each open is another boot: nonces count up.</summary>
    public ActuationJournal Open() => ActuationJournal.Open(
        Paths, new JournalSigning(Signer, Signer, HeadFile), () => ClockClass, Time, () => [.. Enumerable.Repeat(++_boots, 16)], Options);

    public JournalVerification Verify() => new JournalVerifier(StateDirectory, Signer).Verify(Signer.PublicKey.Span);

    public JournalReader Reader() => new(StateDirectory);

    public SqliteConnection OpenRaw()
    {
        SqliteLibrary.Use();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Paths.Database, Pooling = false }.ConnectionString);
        connection.Open();
        return connection;
    }

    public void ChangeFile(string sql)
    {
        using SqliteConnection connection = OpenRaw();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static JournalEntry Granted(string commandId, string permitId = "pm-1", string actuator = Valve) =>
        new(JournalRecordType.Decision, actuator, commandId, permitId, "OK", """{"granted":true}""");

    public static JournalEntry Outcome(string commandId, string code = "OK", string actuator = Valve) =>
        new(JournalRecordType.Outcome, actuator, commandId, "pm-1", code, "{}");

    public static JournalEntry Safe(string actuator = Valve, JournalRecordType type = JournalRecordType.Safe) => new(type, actuator, null, null, "start", "{}");

    public static JournalEntry Operator(string act = "release") => new(JournalRecordType.Operator, null, null, null, act, """{"by":"anna"}""");

    public ReplayEntry Running(string commandId, string target = Valve) => new(commandId, "d1", "sender", target, 0, null, "", Time.GetUtcNow());

    public static Task<long> Append(ActuationJournal journal, JournalEntry entry, ReplayEntry? replay = null) =>
        journal.AppendAsync(entry, replay, Token).WaitAsync(TimeSpan.FromSeconds(30), Token);

    /// <summary>One value out of the file, beside whoever has it open.</summary>
    public object? Scalar(string sql)
    {
        using SqliteConnection connection = OpenRaw();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    /// <summary>A copy of the files as they stand, log and all: what a process that is killed now leaves behind.</summary>
    public JournalBench Killed()
    {
        var copy = new JournalBench { Options = Options };
        copy.Time.Advance(Time.GetUtcNow() - copy.Time.GetUtcNow());
        foreach (string path in Paths.All)
        {
            if (File.Exists(path)) File.Copy(path, Path.Combine(copy.StateDirectory, Path.GetFileName(path)));
        }

        return copy;
    }

    /// <summary>Lets the writer take its tick and waits for what it leads to.</summary>
    public Task Tick(Func<bool> until)
    {
        Time.Advance(TimeSpan.FromSeconds(1));
        return Until(until);
    }

    /// <summary>Waits for the writer's thread to have done something; it answers to nobody.</summary>
    public static Task Until(Func<bool> condition) => Task.Run(
        () => Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(30)), "The writer did not get there in 30 s."), Token);

    public void Dispose() => Directory.Delete(StateDirectory, recursive: true);
}
