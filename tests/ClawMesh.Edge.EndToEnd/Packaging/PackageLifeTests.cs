namespace ClawMesh.Edge.EndToEnd.Packaging;

/// <summary>What docs/guides/packages.md promises of installing, upgrading, removing and purging, seen on a copy of this machine.</summary>
[Collection(nameof(Alone))]
public class PackageLifeTests(PackageLife life) : IClassFixture<PackageLife>
{
    [Fact]
    public void A_first_installation_makes_the_user_enables_the_units_and_starts_nothing()
    {
        Assert.Equal("0", life["first.exit"]);
        Assert.Equal("/var/lib/clawmesh-edge:/usr/sbin/nologin", life["first.user"]);
        Assert.Equal("700 clawmesh-edge:clawmesh-edge", life["first.state"]);
        Assert.Equal("yes yes", life["first.wanted"]);
        Assert.Equal("no", life["first.running"]);
        Assert.Equal("daemon-reload ;", life["first.asked"]);
        Assert.Contains("config set site", life["first.said"], StringComparison.Ordinal);
        Assert.NotEqual("0", life["first.udev"]);
        Assert.Equal("\"kind\":\"version\"", life["first.runs"]);
    }

    [Fact]
    public void The_two_steps_the_installation_names_start_the_node() => Assert.Equal(("0", "0"), (life["site.exit"], life["started.exit"]));

    [Fact]
    public void An_upgrade_restarts_a_running_node_once_and_its_outputs_go_safe()
    {
        Assert.Equal(("0", "1"), (life["open.exit"], life["open.valve"]));

        Assert.Equal("0", life["upgrade.exit"]);
        Assert.Equal("daemon-reload ;restart clawmesh-edge.service;", life["upgrade.asked"]);
        Assert.Equal("0", life["upgrade.valve"]);
        Assert.Equal(("yes", "yes"), (life["upgrade.other_process"], life["upgrade.alive"]));
        Assert.Equal("yes", life["upgrade.same_identity"]);
    }

    [Fact]
    public void An_update_that_is_not_older_than_the_package_stays_and_what_runs_is_left_alone()
    {
        Assert.Equal("releases/2.0.0", life["newer_update.current"]);
        Assert.Equal("daemon-reload ;", life["newer_update.asked"]);
        Assert.Contains("stays", life["newer_update.said"], StringComparison.Ordinal);
    }

    [Fact]
    public void An_update_on_trial_is_not_decided_by_a_package()
    {
        Assert.Equal("releases/1.0.5", life["trial.current"]);
        Assert.Equal("daemon-reload ;", life["trial.asked"]);
    }

    [Fact]
    public void A_package_that_is_newer_than_the_update_takes_its_place_and_keeps_its_files()
    {
        Assert.Equal("packaged", life["older_update.current"]);
        Assert.Equal("yes", life["older_update.kept"]);
        Assert.Equal("daemon-reload ;restart clawmesh-edge.service;", life["older_update.asked"]);
    }

    [Fact]
    public void What_an_administrator_disabled_stays_disabled()
    {
        Assert.Equal("no", life["disabled.wanted"]);
        Assert.Equal("no", life["again.wanted"]);
    }

    [Fact]
    public void A_node_that_cannot_be_stopped_keeps_its_package()
    {
        Assert.NotEqual("0", life["unstoppable.exit"]);
        Assert.Equal("yes", life["unstoppable.binary"]);
        // Stopped, but an output was not confirmed safe: systemd's stop succeeds all the same.
        Assert.NotEqual("0", life["failed.exit"]);
        Assert.Equal("yes", life["failed.binary"]);
    }

    [Fact]
    public void Removing_stops_the_node_makes_its_outputs_safe_and_keeps_its_state()
    {
        Assert.Equal(("0", "1"), (life["reopen.exit"], life["reopen.valve"]));

        Assert.Equal("0", life["remove.exit"]);
        Assert.Contains("stop clawmesh-edge.service;", life["remove.asked"], StringComparison.Ordinal);
        Assert.Equal("0", life["remove.valve"]);
        Assert.Equal("no", life["remove.binary"]);
        Assert.Equal("yes yes", life["remove.state"]);
        Assert.Equal(("0", "yes", ""), (life["again.exit"], life["again.same_identity"], life["again.said"]));
    }

    [Fact]
    public void Purging_leaves_nothing_but_the_user()
    {
        Assert.Equal("0", life["purge.exit"]);
        Assert.Equal("", life["purge.left"]);
        Assert.Equal("stays", life["purge.user"]);
    }
}
