using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Who this node is and whom it trusts: files that are looked at and never touched.</summary>
internal sealed class TrustGroup : IDiagGroup
{
    public string Name => "trust";

    public Task<IReadOnlyList<DiagCheck>> ChecksAsync(DiagContext context, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<DiagCheck>>(
        [
            new(Name, "identity", () => Identity(context)) { DeadlineClass = FailureClass.Storage },
            new(Name, "trusted-peers", () => TrustStoreCheck.Run(context)) { DeadlineClass = FailureClass.Storage },
            new(Name, "meshes", () => Meshes(context)) { DeadlineClass = FailureClass.Storage },
            new(Name, "operator-token", () => OperatorToken(context)) { DeadlineClass = FailureClass.Storage },
        ]);

    private static CheckOutcome Identity(DiagContext context)
    {
        string path = Path.Combine(context.State.Path, DeviceIdentity.RelativePath);
        if (context.SkipUnlessReadable(path, "there is none yet; the first start of the node makes it") is { } skip)
        {
            // A key that its own user cannot read keeps the node from starting; somebody else's key is none of our business.
            return PathAccess.OwnerOf(path) is { } owner && owner.UserId == HostKernel.EffectiveUserId
                ? CheckOutcome.Fail(FailureClass.Auth, $"'{path}' cannot be read by its own user", $"`chmod 600 {path}`.")
                : skip;
        }

        IdentityInspection found = DeviceIdentity.Inspect(context.State.Path);
        if (found.Fault is { } fault) return CheckOutcome.Fail(fault).With("path", path);
        if (found.DeviceId is not { } device) return CheckOutcome.Skip("there is none yet; the first start of the node makes it");

        string text = $"device {device.Abbreviated}";
        CheckOutcome outcome = found.Warnings.Count > 0
            ? CheckOutcome.Warn(FailureClass.Auth, $"{text}, and its key is not well kept", $"`chmod 700 {Path.GetDirectoryName(path)} && chmod 600 {path}`.").Because(found.Warnings)
            : CheckOutcome.Pass($"{text}, readable by its owner alone");
        return outcome.Because(found.Correction ?? "").With("deviceId", device.Value).With("path", path);
    }

    private static CheckOutcome Meshes(DiagContext context)
    {
        string path = Path.Combine(context.State.Path, KnownMeshesFile.RelativePath);
        if (context.SkipUnlessReadable(path, "there is none; no mesh was met, joined or decided about") is { } skip) return skip;
        var file = new KnownMeshesFile(context.State.Path, null, context.Time);
        if (file.Problem is { } problem) return CheckOutcome.Fail(file.Unreadable("The list of meshes cannot be used: none is joined, and nobody found is dialled.", problem));
        CheckOutcome outcome = file.Warnings.Count > 0
            ? CheckOutcome.Warn(FailureClass.Config, $"{file.Meshes.Count} meshes, and entries that do not count as they stand", $"Correct '{path}', or `clawmesh-edge meshes forget` them.").Because(file.Warnings)
            : CheckOutcome.Pass($"{file.Meshes.Count} meshes");
        return outcome.With("meshes", file.Meshes.Count);
    }

    private static CheckOutcome OperatorToken(DiagContext context)
    {
        string path = Path.Combine(context.State.Path, "operator.token");
        PathSight sight = PathAccess.Look(path);
        if (sight == PathSight.Absent) return CheckOutcome.Skip("there is none; the local socket needs none");
        if (sight == PathSight.Hidden) return CheckOutcome.Skip(context.Closed(context.State.Path));
        UnixFileMode mode = UnixMode.Of(path);
        CheckOutcome outcome = UnixMode.IsOpenToOthers(mode)
            ? CheckOutcome.Warn(FailureClass.Auth, $"mode {UnixMode.Octal(mode)}: other users of this machine can act as operator", $"`chmod 600 {path}`; make a new token if somebody may have read it.")
            : CheckOutcome.Pass($"mode {UnixMode.Octal(mode)}");
        return outcome.With("mode", UnixMode.Octal(mode));
    }
}
