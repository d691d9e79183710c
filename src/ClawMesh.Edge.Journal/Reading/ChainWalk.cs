using System.Text;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Journal.Chain;

namespace ClawMesh.Edge.Journal.Reading;

/// <summary>Walks the records in order of their sequence and checks each against itself and the one before.</summary>
internal sealed class ChainWalk(Findings findings, byte[] publicKey, ISignatureVerifier verifier)
{
    private static readonly byte[] CheckpointType = Encoding.UTF8.GetBytes(JournalRecordType.Checkpoint.Word());

    private RecordRow? _previous;
    private byte[] _firstPrevious = [];
    private Checkpoint? _newestCheckpoint;
    private long _newestCheckpointAt;

    public long Records { get; private set; }

    public long First { get; private set; }

    public long Last => _previous?.Columns.Sequence ?? 0;

    public byte[] LastHash => _previous?.Hash ?? RecordColumns.Genesis;

    public string LastBoot => _previous is null ? "" : Encoding.UTF8.GetString(_previous.Columns.Boot);

    /// <summary>Hash and boot of the last but one record: where a head that lags stands.</summary>
    public RecordRow? BeforeLast { get; private set; }

    public void Next(RecordRow row)
    {
        long sequence = row.Columns.Sequence;
        foreach ((string column, string what) in row.WrongTypes()) findings.Add(sequence, column, what);
        if (!row.Columns.Hash().AsSpan().SequenceEqual(row.Hash))
            findings.Add(sequence, "record", "the record's hash does not match its content; a column was changed");

        if (_previous is null) (First, _firstPrevious) = (sequence, row.Columns.Previous);
        else CheckLink(row, _previous);

        if (row.Columns.Type.AsSpan().SequenceEqual(CheckpointType)) Remember(row);
        (BeforeLast, _previous) = (_previous, row);
        Records++;
    }

    /// <summary>Checks the beginning, which only the records after it can explain.</summary>
    public void End()
    {
        if (_previous is null) return;
        if (_newestCheckpoint is not { } checkpoint)
        {
            if (First != 1) findings.Add(First, "chain", $"the journal begins at record {First}, and no checkpoint says that the records before it were pruned");
            else if (!_firstPrevious.AsSpan().SequenceEqual(RecordColumns.Genesis)) findings.Add(First, "prev", "the first record points back to a record that is not there");
            return;
        }

        if (checkpoint.ThroughSequence != First - 1)
        {
            findings.Add(First, "chain", $"the journal begins at record {First}, but checkpoint {_newestCheckpointAt} says that it was pruned through {checkpoint.ThroughSequence}");
        }
        else if (!checkpoint.ThroughHash.AsSpan().SequenceEqual(_firstPrevious))
        {
            findings.Add(First, "prev", $"the first record does not follow the record that checkpoint {_newestCheckpointAt} pruned last");
        }
    }

    private void CheckLink(RecordRow row, RecordRow before)
    {
        long sequence = row.Columns.Sequence;
        long expected = before.Columns.Sequence + 1;
        if (sequence != expected)
        {
            string missing = sequence - 1 == expected ? $"record {expected} is missing" : $"records {expected} to {sequence - 1} are missing";
            findings.Add(expected, "chain", missing);
        }
        else if (!row.Columns.Previous.AsSpan().SequenceEqual(before.Hash))
        {
            findings.Add(sequence, "prev", $"the record does not follow record {before.Columns.Sequence} as it stands");
        }
    }

    private void Remember(RecordRow row)
    {
        long sequence = row.Columns.Sequence;
        Checkpoint? checkpoint = Checkpoint.Parse(row.Columns.Body);
        if (checkpoint is null)
        {
            findings.Add(sequence, "checkpoint", "the body of the checkpoint cannot be read");
        }
        else if (!checkpoint.IsSignedBy(publicKey, verifier))
        {
            findings.Add(sequence, "checkpoint", "the checkpoint does not carry a signature of this device");
        }
        else
        {
            (_newestCheckpoint, _newestCheckpointAt) = (checkpoint, sequence);
        }
    }
}
