using ClawMesh.Edge.Tests.House.Shell;

namespace ClawMesh.Edge.Tests.House;

/// <summary><c>systemd/completions</c> is written from the tree of verbs (<c>make pages</c>), and each shell is asked whether it understands its file.</summary>
public sealed class CompletionPageTests
{
    private const string Folder = "systemd/completions/clawmesh-edge.";

    public static TheoryData<string> Kinds => ["bash", "zsh", "fish"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_completion_is_what_the_verbs_say(string shell)
    {
        VerbWords root = VerbWords.Root();
        string made = shell switch
        {
            "bash" => Completion.Bash(root),
            "zsh" => Completion.Zsh(root),
            _ => Completion.Fish(root),
        };
        if (Environment.GetEnvironmentVariable("CLAWMESH_WRITE_PAGES") == "1") GeneratedFile.Write(Folder + shell, made);

        Assert.Equal(made, Repository.Text(Folder + shell));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_shell_can_read_it(string shell)
    {
        (int exit, string output, string error) = Shells.Run(shell, "-n", Path.Combine(Repository.Root, Folder + shell));

        Assert.Equal((0, "", ""), (exit, output, error));
    }

    [Theory]
    [InlineData("clawmesh-edge tr", "trust")]
    [InlineData("clawmesh-edge trust gr", "grant")]
    [InlineData("clawmesh-edge --state-dir run trust ", "list add remove grant")]
    [InlineData("clawmesh-edge run --log-format ", "text json journal")]
    [InlineData("clawmesh-edge run --log-format json --no-d", "--no-discovery")]
    [InlineData("clawmesh-edge trust add --j", "--json")]
    [InlineData("clawmesh-edge meshes set-policy ", "auto ask never")]
    [InlineData("clawmesh-edge run --name tr", "")]
    [InlineData("clawmesh-edge nothing tr", "trust")]
    public void Bash_offers_what_can_stand_there(string typed, string offered)
    {
        // What bash itself does before it calls the function: the words, and the place of the one being typed.
        const string Ask =
            """
            source "$1"; COMP_LINE=$2; COMP_WORDS=($2); [[ $2 == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            compopt() { :; }
            _clawmesh_edge; for one in "${COMPREPLY[@]}"; do [[ $one == -* && $2 == *' ' ]] || echo "$one"; done
            """;

        (int exit, string output, string error) = Shells.Run("bash", "-uc", Ask, "bash", Path.Combine(Repository.Root, Folder + "bash"), typed);

        Assert.Equal("", error);
        Assert.Equal(0, exit);
        Assert.Equal(offered.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal), output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("clawmesh-edge tr", "trust")]
    [InlineData("clawmesh-edge trust gr", "grant")]
    [InlineData("clawmesh-edge meshes set-policy ", "ask auto never")]
    public void Fish_offers_what_can_stand_there(string typed, string offered)
    {
        (_, string output, string error) = Shells.Run("fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", Path.Combine(Repository.Root, Folder + "fish"), typed);

        Assert.Equal("", error);
        Assert.Equal(offered.Split(' '), output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Bash_offers_files_where_one_is_named()
    {
        const string Ask = "source \"$1\"; cd \"$2\"; COMP_WORDS=(clawmesh-edge site check hw/si); COMP_CWORD=3; compopt() { :; }; _clawmesh_edge; echo \"${COMPREPLY[@]}\"";

        (_, string output, string error) = Shells.Run("bash", "-uc", Ask, "bash", Path.Combine(Repository.Root, Folder + "bash"), Repository.Root);

        Assert.Equal(("hw/sites\n", ""), (output, error));
    }
}
