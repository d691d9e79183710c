using System.Text;

namespace ClawMesh.Edge.Agent.Config;

/// <summary>The text of <c>docs/configuration.md</c>, from the table the node itself checks with. A test compares the two.</summary>
internal static class ConfigurationPage
{
    private const string Intro =
        """
        # Configuration

        <!-- Generated from src/ClawMesh.Edge.Agent/Config/ConfigKeys.cs; a test keeps it so. Change the table there. -->

        A node reads `node.json` in its state directory at its start, and again on a reload. Every key is optional; a flag of `run` comes before the
        file, the file before the default. `clawmesh-edge config show` tells for each value where it came from.

        - `clawmesh-edge config init` writes the file with every default; `--force` replaces one and keeps it as `node.json.bak`.
        - `clawmesh-edge config set KEY VALUE` changes one value after checking it. A list is written `a,b,c` or as JSON. Unknown keys
          stay in the file, comments do not; a file that had some is kept as `node.json.bak`.
        - `clawmesh-edge config check` lists every problem of the file and of the site it names, and exits with 2 when one is an error.

        The file is JSON, with comments and trailing commas allowed. A dot in a key means nesting: `edge.safetyTickMs` is
        `{"edge": {"safetyTickMs": 20}}`. A key nobody knows is a warning with the nearest known one; a value outside of what is
        allowed is an error, and a node with an error does not start.

        ## Reload

        `systemctl reload clawmesh-edge` (SIGHUP to a node that systemd runs) has the running node read `node.json` and the site's file again.
        It is all or nothing: afterwards the node runs what the files say, or exactly what it ran before.

        - A problem in a file, a `node.json` that is gone or cannot be read, a key that nobody knows and that did not stand there before, a change of
          a key that takes effect after a restart, or a changed site or board file: nothing is taken over, and
          an event `config.changed` of severity error names every reason. Take the change back, or restart the node.
        - Otherwise the changed keys count from then on, an event says old and new value, of a list what was added and removed, and the audit journal holds an `operator` record
          `config-reload`. A journal that takes no record refuses the reload.
        - Outputs, buses, limits and calibration never change in a running node, whether an output is energised or not.
        - Flags of `run` still come before the file.

        A node in a terminal stops at SIGHUP, with its outputs safe: there the signal means that somebody has hung up.

        """;

    public static string Render()
    {
        var page = new StringBuilder(Intro.ReplaceLineEndings("\n"));
        page.Append('\n').Append("| key | default | allowed | takes effect | meaning |\n|---|---|---|---|---|\n");
        foreach (ConfigKey key in ConfigKeys.All)
            page.Append($"| `{key.Key}` | {(key.Default.Length == 0 ? "none" : $"`{Cell(key.Default)}`")} | {Cell(key.Allowed)} | {(ReloadKeys.IsLive(key.Key) ? "on reload" : "after a restart")} | {Cell(key.Meaning)} |\n");
        return page.ToString();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
