using System.Text.Json;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>Whose part our node plays in a recording.</summary>
internal enum Part
{
    /// <summary>The classic node's: it hears what was sent and must say what was received.</summary>
    Classic,

    /// <summary>The capture tool's.</summary>
    Tool,
}

/// <summary>
/// Plays a recording against our node, line by line: what the other end said is fed, and what our node says is compared with what was
/// recorded. Clock, nonces and request ids are those of the recording, so signatures must come out byte for byte.
/// </summary>
internal sealed class Replay
{
    private static readonly TimeSpan TickStep = TimeSpan.FromMilliseconds(250);

    private readonly Transcript _transcript;
    private readonly GoldenNode _node;
    private readonly Part _part;
    private readonly Differences _table;
    private readonly List<Line> _lines;
    private readonly Dictionary<WireLink, List<JsonElement>> _said = [];
    private readonly Dictionary<string, string> _asked = [];
    private readonly HashSet<string> _told = [];
    private readonly HashSet<int> _opened = [];
    private readonly long _epoch;
    private string _case = "";
    private double _now;
    private int _index;

    public Replay(Transcript transcript, GoldenNode node, Part part, Differences table, Func<Line, bool>? only = null)
    {
        (_transcript, _node, _part, _table, _epoch) = (transcript, node, part, table, transcript.Epoch);
        _lines = [.. transcript.Lines.Where(l => only?.Invoke(l) ?? true)];
        node.Dialled = OnDial;
    }

    public List<string> Problems { get; } = [];

    /// <summary>The newest connection of each recorded name.</summary>
    public Dictionary<string, WireLink> Links { get; } = [];

    /// <summary>Links whose other end answers no pings.</summary>
    public HashSet<string> Silent { get; } = [];

    /// <summary>Called before each line.</summary>
    public Action<Line>? Before { get; set; }

    /// <summary>How far our wall clock is ahead of the recorded one.</summary>
    public TimeSpan ClockOffset { get; set; }

    /// <summary>The mesh's clock runs; on from the first dial.</summary>
    public bool Ticking { get; set; }

    /// <summary>Called when clock, nonces and ids are set for a line that is about to be fed.</summary>
    public Action<Line>? Feeding { get; set; }

    public int Compared { get; private set; }

    public int SameSignatures { get; private set; }

    public void Run()
    {
        for (_index = 0; _index < _lines.Count; _index++)
        {
            Line line = _lines[_index];
            AdvanceTo(line.At);
            Before?.Invoke(line);
            Collect();
            if (line.Direction == "info") Remark(line);
            else if (!IsMine(line.Link)) continue;
            else if (line.Direction == (_part == Part.Classic ? "sent" : "recv")) Feed(line);
            else Expect(line);
        }

        Collect();
        foreach ((WireLink link, List<JsonElement> said) in _said)
        {
            foreach (JsonElement message in said)
            {
                if (!_table.MaySend(Key(message))) Problems.Add($"'{Key(message)}' was sent and is not in the recording: {message}");
            }
        }

        Problems.AddRange(_table.Unused);
    }

    /// <summary>Everything the node has sent since it was last looked at belongs to the replay from here on.</summary>
    public void Adopt(string name, WireLink link)
    {
        Links[name] = link;
        _said[link] = [];
        link.Take();
    }

    /// <summary>Lets time pass beyond what the recording says.</summary>
    public void Pass(TimeSpan span)
    {
        for (TimeSpan left = span; left > TimeSpan.Zero; left -= TickStep)
        {
            _node.Time.Advance(left < TickStep ? left : TickStep);
            if (Ticking) Tick();
        }
    }

    public void AssertFaithful() => Assert.True(Problems.Count == 0, $"{_transcript.Name} as the {_part} node {_node.Identity}:\n{string.Join('\n', Problems)}");

    private void Feed(Line line)
    {
        if (!Links.TryGetValue(line.Link, out WireLink? link)) return;
        if (line.Type == "req") _asked[line.Id] = line.Name;
        Prepare(line);
        Feeding?.Invoke(line);
        link.Feed(line.Text);
        Collect();
    }

    private void Expect(Line line)
    {
        JsonElement recorded = line.Message!.Value;
        string key = Key(recorded);
        if (!Links.TryGetValue(line.Link, out WireLink? link)) return;
        JsonElement? found = Find(link, recorded) ?? Urge(line, link, recorded);
        if (found is not { } ours)
        {
            if (!_table.MayWithhold(key)) Problems.Add($"t={line.At}: '{key}' did not come: {recorded}");
            return;
        }

        Compared++;
        if (line.Type == "res" && Outcome(ours) != Outcome(recorded))
        {
            string? expected = _table.CodeOf(_case.Length > 0 && _table.CodeOf(_case) is not null ? _case : key[4..]);
            if (expected != Outcome(ours)) Problems.Add($"t={line.At} {_case}: the answer to {key} was {Outcome(recorded)} and is {Outcome(ours)}: {ours}");
        }
        else
        {
            Problems.AddRange(_table.Compare(recorded, ours, key).Select(d => $"t={line.At} {_case}: {d}"));
        }

        if (Outcome(ours) is not ("ok" or "") && !ours.GetProperty("error").GetProperty("message").GetString()!.StartsWith(Outcome(ours) + ": ", StringComparison.Ordinal))
            Problems.Add($"t={line.At}: an error message does not begin with its code: {ours}");
        if (SignatureOf(recorded) is { } signature && SignatureOf(ours) == signature) SameSignatures++;
    }

    // A frame of our own, or something that the clock brings.
    private JsonElement? Urge(Line line, WireLink link, JsonElement recorded)
    {
        // Observations come from a sensor, at their own time; everything else has to come from what was fed.
        if (line is { Type: "event", Name: "context.frame" } && line.Member("payload", "sourceDeviceId")?.GetString() == _node.DeviceId.Value
            && line.Member("payload", "kind")?.GetString() == "observation" && _told.Add(line.Member("payload", "frameId")!.Value.GetString()!))
        {
            _node.Tell(recorded.GetProperty("payload"));
        }
        else if (Ticking)
        {
            Tick();
        }

        Collect();
        return Find(link, recorded);
    }

    private JsonElement? Find(WireLink link, JsonElement recorded)
    {
        List<JsonElement> said = _said[link];
        for (int i = 0; i < said.Count; i++)
        {
            if (!Answers(said[i], recorded)) continue;
            JsonElement ours = said[i];
            // Responses stay in the order of their requests, events in the order of their frames.
            if (said.Take(i).Any(earlier => Text(earlier, "type") == Text(ours, "type") && !_table.MaySend(Key(earlier))))
                Problems.Add($"'{Key(ours)}' came too late: {string.Join(", ", said.Take(i).Select(Key))} before it");
            said.RemoveAt(i);
            return ours;
        }

        return null;
    }

    private static bool Answers(JsonElement ours, JsonElement recorded)
    {
        if (Text(ours, "type") != Text(recorded, "type")) return false;
        if (Text(recorded, "type") == "res") return Text(ours, "id") == Text(recorded, "id");
        if (Text(ours, "method") != Text(recorded, "method") || Text(ours, "event") != Text(recorded, "event")) return false;
        return FrameId(ours) == FrameId(recorded);
    }

    private static string? FrameId(JsonElement m) =>
        Text(m, "event") == "context.frame" ? Text(m.GetProperty("payload"), "frameId") : null;

    private void Remark(Line line)
    {
        if (line.Note.StartsWith("case ", StringComparison.Ordinal)) _case = line.Note[5..];
        if (line.Link == "all" || !IsMine(line.Link)) return;
        if (line.Note.StartsWith("socket open", StringComparison.Ordinal)) Opened(line);
        else if (line.Note == "closed") Closed(line);
        else if (line.Note.StartsWith("socket still open", StringComparison.Ordinal) && Links[line.Link].Closed is { } closed) Problems.Add($"t={line.At}: the socket was open and is closed with {closed}");
    }

    private void Opened(Line line)
    {
        if (_opened.Contains(_index)) return;
        if (!WeDial(line.Link))
        {
            WireLink link = _node.Accept();
            (Links[line.Link], _said[link]) = (link, []);
            return;
        }

        Ticking = true;
        Tick();
        if (!_opened.Contains(_index)) Problems.Add($"t={line.At}: {line.Link} was dialled here and is not");
    }

    private void Closed(Line line)
    {
        if (!Links.TryGetValue(line.Link, out WireLink? link) || link.Over) return;
        (int status, string reason) = (line.Raw.GetProperty("code").GetInt32(), line.Raw.GetProperty("reason").GetString()!);
        if ((reason.Length > 0) && link.Closed != (status, reason)) Problems.Add($"t={line.At}: {line.Link} was closed with {status} '{reason}' and is {(link.Closed is { } ours ? ours.ToString() : "open")}");
        Prepare(line);
        link.End(status, reason);
        Collect();
    }

    private bool OnDial(string peer, WireLink link)
    {
        int open = _lines.FindIndex(_index, l => l.Direction == "info" && IsMine(l.Link) && Other(l.Link) == peer && l.Note.StartsWith("socket open", StringComparison.Ordinal) && WeDial(l.Link));
        if (open < 0 || !_opened.Add(open)) return false;
        string name = _lines[open].Link;
        (Links[name], _said[link]) = (link, []);
        IEnumerable<Line> segment = _lines.Skip(open + 1).Where(l => l.Link == name).TakeWhile(l => !l.Note.StartsWith("socket open", StringComparison.Ordinal));
        Line[] ours = [.. segment.Where(l => IsOurs(l) && l.Type == "req")];
        // A UUID is 36 characters of base64url: these bytes are written as that text again.
        _node.Nonces.Clear();
        _node.Nonces.Enqueue(ours.FirstOrDefault(l => l.Name == "mesh.connect")?.Member("params", "clientNonce") is { } nonce ? System.Buffers.Text.Base64Url.DecodeFromChars(nonce.GetString()!) : new byte[27]);
        _node.Ids.Clear();
        if (ours.Length > 0) _node.Ids.Enqueue(Guid.Parse(ours[0].Id));
        return true;
    }

    // Before our node hears a line, it gets the clock, the nonce and the ids with which the recorded node answered it.
    private void Prepare(Line line)
    {
        SetWall(_epoch + (long)line.At);
        _node.Nonces.Clear();
        _node.Ids.Clear();
        bool anyLink = line.Type is "event" or "", timed = false;
        foreach (Line next in _lines.Skip(_index + 1))
        {
            if (next.Direction == "info" || !IsMine(next.Link) || (!anyLink && next.Link != line.Link)) continue;
            if (!IsOurs(next))
            {
                // An event is not what a request of ours waits for.
                if (next.Type == "event" && !anyLink) continue;
                break;
            }

            if (next.Type == "req" && Guid.TryParse(next.Id, out Guid id)) _node.Ids.Enqueue(id);
            if (!timed && (next.Member("payload", "signedAtMs") ?? next.Member("params", "signedAtMs") ?? next.Member("payload", "peerTimestamp") ?? next.Member("payload", "reportedAtMs")) is { } at)
            {
                SetWall(at.GetInt64());
                timed = true;
            }

            // Our own time limits look at the monotonic clock; only a challenge's answer is a nonce of ours.
            if (line.Name == "mesh.challenge" && next.Member("payload", "nonce") is { } nonce) _node.Nonces.Enqueue(System.Buffers.Text.Base64Url.DecodeFromChars(nonce.GetString()!));
        }
    }

    private void AdvanceTo(double at)
    {
        while (at - _now > TickStep.TotalMilliseconds)
        {
            _node.Time.Advance(TickStep);
            _now += TickStep.TotalMilliseconds;
            if (Ticking) Tick();
        }

        if (at > _now) _node.Time.Advance(TimeSpan.FromMilliseconds(at - _now));
        _now = Math.Max(at, _now);
        SetWall(_epoch + (long)at);
    }

    private void SetWall(long recorded) => _node.SetWall(recorded + (long)ClockOffset.TotalMilliseconds);

    private void Tick()
    {
        // The other end's web socket answers pings.
        foreach ((_, WireLink link) in Links.Where(l => !Silent.Contains(l.Key))) link.LastReceived = _node.Time.GetTimestamp();
        _node.Mesh.Tick();
        Collect();
    }

    private void Collect()
    {
        foreach ((WireLink link, List<JsonElement> said) in _said)
        {
            foreach (string text in link.Take())
            {
                using JsonDocument document = JsonDocument.Parse(text);
                said.Add(document.RootElement.Clone());
            }
        }
    }

    private string Key(JsonElement message) => Text(message, "type") switch
    {
        "res" => "res " + _asked.GetValueOrDefault(Text(message, "id"), "?"),
        "req" => "req " + Text(message, "method"),
        _ => "event " + Text(message, "event"),
    };

    private static string Outcome(JsonElement message) =>
        Text(message, "type") != "res" ? "" : message.GetProperty("ok").GetBoolean() ? "ok" : message.GetProperty("error").GetProperty("code").GetString()!;

    private static string? SignatureOf(JsonElement message) =>
        (message.TryGetProperty("params", out JsonElement body) || message.TryGetProperty("payload", out body)) && body.ValueKind == JsonValueKind.Object && body.TryGetProperty("signature", out JsonElement signature)
            ? signature.GetString()
            : null;

    private static string Text(JsonElement e, string name) => e.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private bool IsOurs(Line line) => line.Direction == (_part == Part.Classic ? "recv" : "sent");

    private bool IsMine(string link) => link.StartsWith("case:", StringComparison.Ordinal) || (_part == Part.Classic ? Ends(link).Classic : Ends(link).Tool) == _node.Identity;

    private string Other(string link) => _part == Part.Classic ? Ends(link).Tool : Ends(link).Classic;

    private bool WeDial(string link) => !link.StartsWith("case:", StringComparison.Ordinal) && (_part == Part.Classic) == link.Contains('<');

    private static (string Tool, string Classic) Ends(string link)
    {
        string[] ends = link.Split('/', '#')[0].Split('<', '>');
        return ends.Length == 2 ? (ends[0], ends[1]) : ("", "");
    }
}
