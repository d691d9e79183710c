using System.Text;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Writing;

/// <summary>One prepared statement of the writer, reused for every run. Parameters are positional in the order they are named.</summary>
internal sealed class PreparedCommand : IDisposable
{
    private readonly SqliteCommand _command;

    public PreparedCommand(SqliteConnection connection, string sql, params ReadOnlySpan<string> parameters)
    {
        _command = connection.CreateCommand();
        _command.CommandText = sql;
        foreach (string name in parameters) _command.Parameters.Add(new SqliteParameter { ParameterName = name, Value = DBNull.Value });
        _command.Prepare();
    }

    /// <summary>Texts go in as bytes, for a <c>CAST(… AS TEXT)</c>: a string would be cut at a NUL character.</summary>
    public PreparedCommand Text(int index, string? value) => Blob(index, value is null ? null : Encoding.UTF8.GetBytes(value));

    public PreparedCommand Blob(int index, byte[]? value)
    {
        SqliteParameter parameter = _command.Parameters[index];
        parameter.SqliteType = SqliteType.Blob;
        parameter.Value = value is null ? DBNull.Value : value;
        return this;
    }

    public PreparedCommand Integer(int index, long value)
    {
        SqliteParameter parameter = _command.Parameters[index];
        parameter.SqliteType = SqliteType.Integer;
        parameter.Value = value;
        return this;
    }

    /// <summary>Runs the statement; the number of rows it changed.</summary>
    public int Run() => _command.ExecuteNonQuery();

    public SqliteDataReader Read() => _command.ExecuteReader();

    public void Dispose() => _command.Dispose();
}
