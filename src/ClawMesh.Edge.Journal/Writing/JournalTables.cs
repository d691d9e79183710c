using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Journal.Chain;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Writing;

/// <summary>The prepared statements for journal, commands and settings, on the writer's connection.</summary>
internal sealed class JournalTables : IDisposable
{
    private readonly PreparedCommand _insertRecord;
    private readonly PreparedCommand _upsertCommand;
    private readonly PreparedCommand _deleteCommand;
    private readonly PreparedCommand _deleteRecords;
    private readonly PreparedCommand _upsertSetting;

    public JournalTables(SqliteConnection connection)
    {
        _insertRecord = new PreparedCommand(
            connection,
            """
            INSERT INTO journal (seq, type, at_ms, clock_class, boot, actuator, command_id, permit_id, code, body, prev, hash)
            VALUES ($seq, CAST($type AS TEXT), $at, CAST($clock AS TEXT), CAST($boot AS TEXT), CAST($actuator AS TEXT), CAST($command AS TEXT),
                    CAST($permit AS TEXT), CAST($code AS TEXT), CAST($body AS TEXT), $prev, $hash)
            """,
            "$seq", "$type", "$at", "$clock", "$boot", "$actuator", "$command", "$permit", "$code", "$body", "$prev", "$hash");
        _upsertCommand = new PreparedCommand(
            connection,
            """
            INSERT INTO commands (command_id, digest, sender, target, seq, outcome, answer, at_ms)
            VALUES (CAST($id AS TEXT), CAST($digest AS TEXT), CAST($sender AS TEXT), CAST($target AS TEXT), $seq, CAST($outcome AS TEXT), CAST($answer AS TEXT), $at)
            ON CONFLICT (command_id) DO UPDATE SET outcome = excluded.outcome, answer = excluded.answer
            """,
            "$id", "$digest", "$sender", "$target", "$seq", "$outcome", "$answer", "$at");
        _deleteCommand = new PreparedCommand(connection, "DELETE FROM commands WHERE command_id = CAST($id AS TEXT)", "$id");
        _deleteRecords = new PreparedCommand(connection, "DELETE FROM journal WHERE seq <= $through", "$through");
        _upsertSetting = new PreparedCommand(
            connection,
            "INSERT INTO settings (key, value) VALUES (CAST($key AS TEXT), CAST($value AS TEXT)) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            "$key", "$value");
    }

    public void Insert(RecordColumns record, byte[] hash) => _insertRecord
        .Integer(0, record.Sequence).Blob(1, record.Type).Integer(2, record.AtMs).Blob(3, record.ClockClass).Blob(4, record.Boot)
        .Blob(5, record.Actuator).Blob(6, record.CommandId).Blob(7, record.PermitId).Blob(8, record.Code).Blob(9, record.Body)
        .Blob(10, record.Previous).Blob(11, hash).Run();

    public void Upsert(ReplayEntry entry) => _upsertCommand
        .Text(0, entry.CommandId).Text(1, entry.Digest).Text(2, entry.Sender).Text(3, entry.TargetRef).Integer(4, entry.Sequence)
        .Text(5, entry.Outcome?.Word()).Text(6, entry.Answer).Integer(7, entry.At.ToUnixTimeMilliseconds()).Run();

    public void Forget(string commandId) => _deleteCommand.Text(0, commandId).Run();

    public void DeleteThrough(long sequence) => _deleteRecords.Integer(0, sequence).Run();

    public void Set(string key, string value) => _upsertSetting.Text(0, key).Text(1, value).Run();

    public void Dispose()
    {
        _insertRecord.Dispose();
        _upsertCommand.Dispose();
        _deleteCommand.Dispose();
        _deleteRecords.Dispose();
        _upsertSetting.Dispose();
    }
}
